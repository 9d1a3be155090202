"""Reports: what is to be known of a plate or a batch, on one HTML page that needs nothing else."""
