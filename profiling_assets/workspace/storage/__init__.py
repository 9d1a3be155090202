"""The bytes of a workspace: read, listed, written at once or not at all, in a folder or on S3."""
