"""Rules that are asked before anything is computed."""
