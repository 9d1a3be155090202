"""What a workspace will take, before it is built: time, memory, bytes, money."""
