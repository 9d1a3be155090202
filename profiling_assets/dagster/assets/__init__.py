"""The assets, made from the table of results."""
