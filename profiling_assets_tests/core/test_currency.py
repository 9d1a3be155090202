"""Current, adopt or build: the decision about one result."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.core.currency import Action, Recorded, Standing, decide, fingerprint

OURS = Recorded("wanted", size=10)
OURS_OF_OLD_INPUTS = Recorded("older", size=10)
ADOPTED = Recorded("wanted", size=10, adopted=True)
ADOPTED_OF_OLD_INPUTS = Recorded("older", size=10, adopted=True)
FILE = Standing(10)
OTHER_FILE = Standing(11)


@pytest.mark.parametrize(
    ("standing", "recorded", "action"),
    [
        (None, None, Action.BUILD),  # never made
        (None, OURS, Action.BUILD),  # deleted
        (FILE, None, Action.ADOPT),  # not made here
        (FILE, OURS, Action.CURRENT),
        (FILE, OURS_OF_OLD_INPUTS, Action.BUILD),
        (FILE, ADOPTED, Action.CURRENT),
        (FILE, ADOPTED_OF_OLD_INPUTS, Action.BUILD),  # a changed input may overwrite it
        (OTHER_FILE, OURS, Action.ADOPT),  # somebody put another file there
    ],
)
def test_a_result_is_kept_adopted_or_built(
    standing: Standing | None, recorded: Recorded | None, action: Action
) -> None:
    assert decide(standing, recorded, "wanted", force=False) is action


@pytest.mark.parametrize("recorded", [None, OURS, ADOPTED])
def test_force_builds_whatever_stands(recorded: Recorded | None) -> None:
    assert decide(FILE, recorded, "wanted", force=True) is Action.BUILD


@given(st.dictionaries(st.text(), st.text(), min_size=1), st.data())
def test_a_fingerprint_depends_on_every_input_and_on_nothing_else(
    inputs: dict[str, str], data: st.DataObject
) -> None:
    shuffled = dict(data.draw(st.permutations(list(inputs.items()))))
    assert fingerprint("1", inputs) == fingerprint("1", shuffled)
    assert fingerprint("1", inputs) != fingerprint("2", inputs)
    name = data.draw(st.sampled_from(sorted(inputs)))
    assert fingerprint("1", inputs) != fingerprint("1", {**inputs, name: inputs[name] + "x"})
    assert fingerprint("1", inputs) != fingerprint("1", {**inputs, "another\0": ""})
