"""pycytominer, the reference implementation, imported late and without its import warning.

Put here: how it is imported.
Do not put here: what its steps are called with (`annotate`, `normalize`, `feature_select`).
"""

import warnings
from importlib import import_module
from typing import Any


def reference(name: str = "pycytominer") -> Any:
    """Import pycytominer, or a module of it, the first time a step needs it: that takes 4 s.

    Untyped, as pycytominer ships no types.
    """
    with warnings.catch_warnings():
        # it sets pandas' mode.copy_on_write, which pandas 3 deprecates
        warnings.simplefilter("ignore", DeprecationWarning)
        return import_module(name)
