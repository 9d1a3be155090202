"""The config file of the profiling-recipe: its model, its reading, its reference."""
