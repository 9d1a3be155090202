"""A workspace on S3; no Dagster, no science."""
