"""How a run gets its process: forked here, by Celery, on ECS. Dagster's internals stay here."""
