"""One function a result: read its inputs from the workspace, call `core`, return what was made.

Put here: what joins `storage` and `core`: which file a step reads, in what order sources are tried.
Do not put here: science (`core`), bytes on disk (`storage`), anything of Dagster.
"""
