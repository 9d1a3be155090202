"""Where a `dagster.yaml` written before 0.2.0 finds its launcher; until 0.3.0."""

from profiling_assets.dagster.launchers.local import WarmRunLauncher as WarmRunLauncher
