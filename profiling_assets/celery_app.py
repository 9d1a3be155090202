"""Where a worker started as before 0.2.0 finds its app (`celery -A`); until 0.3.0."""

from profiling_assets.dagster.launchers.celery_app import app as app
