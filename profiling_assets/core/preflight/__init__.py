"""Preflight: what can be told of workspace, config and plates before anything is computed."""
