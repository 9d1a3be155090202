"""Hundreds of plates through web server and daemon, on SQLite and on PostgreSQL, and a soak.

`make test-load` starts `python -m profiling_assets_tests.load`; `faults/long_load.py` is a smaller
form of it.
"""
