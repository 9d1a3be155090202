"""Faults of machines, storage and input: what is lost is never lost without a word."""
