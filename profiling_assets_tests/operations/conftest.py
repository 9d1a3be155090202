"""Fixtures of the tests of operations: workspaces of each kind."""

from profiling_assets_tests.workspace.conftest import (  # noqa: F401 -- pytest looks for them here
    any_workspace,
    s3_workspace,
    workspace,
)
