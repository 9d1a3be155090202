"""The HTML pages of a plate and of a batch."""
