"""The pictures of quality control, as PNG files."""
