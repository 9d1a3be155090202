"""What a workspace will need of time, memory, disk and money, told from a listing alone."""
