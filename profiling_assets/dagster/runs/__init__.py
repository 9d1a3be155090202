"""Runs that a person asks for: what would be built, building it, old runs removed."""
