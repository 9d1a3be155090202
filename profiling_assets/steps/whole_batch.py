"""What is made of all plates is not made while one of them is not there: the refusal, in words.

Put here: what a plan and a step say of missing plates, and the step's look for them.
Do not put here: the plan's look for them (`obstacles`), making such a result.
"""

from collections.abc import Collection, Mapping

from profiling_assets.config.recipe_steps import Step
from profiling_assets.errors import MissingInputError
from profiling_assets.steps.outputs import Stored
from profiling_assets.workspace.names import PlateKey

_SELECTED = ("features are selected over all plates", "not normalized")
_STACKED = ("all plates of a batch are stacked", "not feature-selected")
# what is made of all plates, and what a missing plate is
_WORDS = {
    Step.SELECT: _SELECTED,
    Step.SELECT_NEGCON: _SELECTED,
    Step.STACK: _STACKED,
    Step.STACK_NEGCON: _STACKED,
}
_IN_THE_CONFIG = "set `process: false` in the config"


class MissingPlatesError(MissingInputError):
    """Plates that belong to a result of several plates are not there."""

    plates: tuple[str, ...] = ()  # those whose result does not stand, as `BATCH/PLATE`
    absent: bool = False  # whether the workspace lacks whole plates that the config names


def refuse_while_missing(
    step: Step, inputs: Mapping[str, Stored], absent: Collection[PlateKey]
) -> None:
    """Refuse, in the step, while a plate that belongs to its result is not there.

    `inputs`: what is read of each plate. `absent`: plates that the config names and the workspace
    does not have. Raises `MissingPlatesError`, which names every such plate and says how to take
    it out.
    """
    plates = sorted({key for key, stored in inputs.items() if not stored.exists()})
    missing = plates + sorted(str(key) for key in absent)
    if not missing:
        return
    what, lack = _WORDS[step]
    first = missing[0]
    there = first in inputs
    exclude = f"take it out with `{_exclude(first)}`, or " if there else ""
    refusal = MissingPlatesError(
        f"{what}, and {len(missing)} of them "
        f"{'are' if len(missing) > 1 else 'is'} {lack}: {', '.join(missing)}",
        path=inputs[first].path if there else f"analysis/{first}",
        remedy=f"build the plate, or {exclude}{_IN_THE_CONFIG}",
    )
    refusal.plates, refusal.absent = tuple(plates), bool(absent)
    raise refusal


def nothing_to_make_from(step: Step, lacking: str, *, first: str, path: str) -> MissingInputError:
    """Return what a plan says of a result whose inputs of some plates can never be there.

    `lacking`: their names, as they go into the sentence. `first`: the plate of the first of them,
    whose file would be at `path`.
    """
    return MissingInputError(
        f"{_of_all(step)}, and there is nothing to make {lacking} from",
        path=path,
        remedy=f"mend the plate, or take it out: `{_exclude(first)}`, or `process: false` in the "
        "config",
    )


def plates_not_in_workspace(step: Step, absent: str, *, first: PlateKey) -> MissingInputError:
    """Return what a plan says of a result some of whose plates the config alone knows.

    `absent`: their names, as they go into the sentence; `first` is the first of them.
    """
    return MissingInputError(
        f"{_of_all(step)}, and the config names {absent}, which the workspace does not have",
        path=f"analysis/{first}",
        remedy=f"put its CellProfiler output there, or {_IN_THE_CONFIG}",
    )


def _of_all(step: Step) -> str:
    return _WORDS[step][0] if step in _WORDS else "it is made of all plates"


def _exclude(plate: str) -> str:
    return f"profiling-assets exclude {plate} --reason ... --workspace ..."
