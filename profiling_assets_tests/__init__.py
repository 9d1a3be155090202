"""Tests of profiling_assets; their names are sentences."""
