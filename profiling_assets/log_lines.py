"""Where a `dagster.yaml` written before 0.2.0 finds its formatter; until 0.3.0."""

from profiling_assets.dagster.log_lines import JsonLines as JsonLines
