"""The Dagster nouns: assets, sensors, runs, launchers, IO managers, partitions, event log.

Nothing here computes; each body calls one function of `steps`.
"""
