"""Looking for new output and for failed runs, tick by tick."""
