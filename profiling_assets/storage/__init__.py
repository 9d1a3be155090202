"""The place before 0.2.0 of what `workspace.storage` and `workspace` hold; until 0.3.0."""
