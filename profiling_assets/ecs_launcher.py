"""Where a `dagster.yaml` written before 0.2.0 finds its launcher; until 0.3.0."""

from profiling_assets.dagster.launchers.ecs import SizedEcsRunLauncher as SizedEcsRunLauncher
