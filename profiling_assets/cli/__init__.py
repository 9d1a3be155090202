"""The command line `profiling-assets`, one module a command."""
