"""The recipe's config file: its strict model, how it is read, and its printed reference."""
