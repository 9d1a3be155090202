"""A small made-up workspace with planted phenotypes and planted defects."""
