"""What a deployment of `deploy/` lacks on this machine."""
