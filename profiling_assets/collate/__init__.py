"""CSVs of site folders to the backend and one aggregated profile per well, in one pass."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _Room(ModuleType):
    """The package, which can be called.

    `pa.collate` is a verb of the notebook door and the name of this room. Python sets the room as
    an attribute of `profiling_assets` whenever it is first imported, so it has to be the verb too.
    """

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Collate a plate: `profiling_assets.api.collate` has the parameters."""
        # by name: this room lies below the door, and does not depend on it
        return import_module("profiling_assets.api").collate(*arguments, **options)

    @property
    def __signature__(self) -> Any:
        """What an editor or `help` shows of the verb."""
        from inspect import signature

        return signature(import_module("profiling_assets.api").collate)


sys.modules[__name__].__class__ = _Room
