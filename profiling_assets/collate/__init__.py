"""CSVs of site folders to the backend and one aggregated profile per well, in one pass."""
