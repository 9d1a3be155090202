"""Tests, see the package above."""
