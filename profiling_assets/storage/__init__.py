"""Bytes at workspace paths, on a folder or (later) on S3; no Dagster, no science."""
