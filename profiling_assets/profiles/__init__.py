"""Profiles after aggregation: plate maps, annotate, normalize, feature select, stack, formats."""
