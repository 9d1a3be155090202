"""Checks of what a step made, before it is published: pure functions from frames to verdicts."""
