"""The assets, one module a stage; each body a few lines that call `core`."""
