"""Imports that every step needs, for the server that step processes are forked from.

Put here: slow imports that all steps share.
Do not put here: code; nothing imports this module but that server.
"""

from profiling_assets.core.reference import reference

reference()
