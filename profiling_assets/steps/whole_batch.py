"""The refusal to make something of all plates while one is not there.

Put here: what a batch step asks before it reads anything.
Do not put here: the same question before a run (`plan`), the steps.
"""

from collections.abc import Collection, Mapping

from profiling_assets.errors import MissingInputError
from profiling_assets.steps.outputs import Stored
from profiling_assets.workspace.names import PlateKey


class MissingPlatesError(MissingInputError):
    """Plates that belong to a result of several plates are not there."""

    plates: tuple[str, ...] = ()  # those whose result does not stand, as `BATCH/PLATE`
    absent: bool = False  # whether the workspace lacks whole plates that the config names


def refuse_while_missing(
    inputs: Mapping[str, Stored], absent: Collection[PlateKey], *, what: str, lack: str
) -> None:
    """Refuse while a plate that belongs to it is not there.

    `absent`: plates that the config names and the workspace does not have. `what`: what is made of
    all plates, as a clause, for the message. `lack`: what a missing plate is, as `not normalized`.
    Raises `MissingPlatesError`: naming every such plate, and how to take it out.
    """
    plates = sorted({key for key, stored in inputs.items() if not stored.exists()})
    missing = plates + sorted(str(key) for key in absent)
    if not missing:
        return
    first = missing[0]
    there = first in inputs
    path = inputs[first].path if there else f"analysis/{first}"
    exclude = (
        f"take it out with `profiling-assets exclude {first} --reason ... --workspace ...`, or "
    )
    refusal = MissingPlatesError(
        f"{what}, and {len(missing)} of them "
        f"{'are' if len(missing) > 1 else 'is'} {lack}: {', '.join(missing)}",
        path=path,
        remedy=f"build the plate, or {exclude if there else ''}set `process: false` in the config",
    )
    refusal.plates, refusal.absent = tuple(plates), bool(absent)
    raise refusal
