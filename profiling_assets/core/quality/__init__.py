"""Quality control of plates: the values that a person judges a plate by, and their pictures."""
