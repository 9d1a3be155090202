"""What must not be lost: runs that are killed, storage that fails, disks that fill up.

The short forms are in `test_*.py` and run with all tests; the long ones in `long_*.py`, which
`make test-faults` names.
"""
