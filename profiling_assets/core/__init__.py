"""The science and the decisions, free of Dagster, of S3, of the environment and of the clock.

Put here: what a biologist would call a step (collate, aggregate, annotate, normalize, feature
select), the meaning of a config key, the state of a site, which plates make a batch.
Do not put here: reading settings, writing under a final name, anything that knows what an asset is.
Everything returns plain dataclasses and frames.
"""
