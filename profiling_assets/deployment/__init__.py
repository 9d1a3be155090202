"""Whether a deployment is complete: what `profiling-assets check-deployment` looks at.

Knows Dagster's `dagster.yaml`, databases and brokers, and nothing of plates.
"""
