"""Around the pipeline: alerts, what a workspace will take, what a deployment lacks."""
