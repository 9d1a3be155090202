"""Current, adopt or build: the decision about one result."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.steps.current import (
    Action,
    Fingerprints,
    Recorded,
    Standing,
    decide,
    fingerprint,
    fingerprints,
    identity_of_foreign,
    is_replaced,
)

WANTED = Fingerprints("code and inputs", "inputs")
OURS = Recorded("code and inputs", size=10, inputs="inputs", version="1", content="hash")
OURS_OF_OLD_CODE = replace(OURS, fingerprint="older")
OURS_OF_OLD_INPUTS = replace(OURS, fingerprint="older", inputs="older")
ADOPTED = replace(OURS, adopted=True)
ADOPTED_BEFORE_AN_UPGRADE = replace(OURS_OF_OLD_CODE, adopted=True)
ADOPTED_OF_OLD_INPUTS = replace(OURS_OF_OLD_INPUTS, adopted=True)
FILE = Standing(10, "1")
OTHER_FILE = Standing(11, "2")


def _hash() -> str:
    return "hash"


@pytest.mark.parametrize(
    ("standing", "recorded", "action"),
    [
        (None, None, Action.BUILD),  # never made
        (None, OURS, Action.BUILD),  # deleted
        (None, ADOPTED, Action.BUILD),
        (FILE, None, Action.ADOPT),  # not made here
        (FILE, OURS, Action.CURRENT),
        (FILE, OURS_OF_OLD_CODE, Action.BUILD),
        (FILE, OURS_OF_OLD_INPUTS, Action.BUILD),
        (FILE, ADOPTED, Action.CURRENT),
        (FILE, ADOPTED_BEFORE_AN_UPGRADE, Action.CURRENT),  # our code says nothing of their file
        (FILE, ADOPTED_OF_OLD_INPUTS, Action.BUILD),  # a changed input may overwrite it
        (OTHER_FILE, OURS, Action.ADOPT),  # somebody put another file there
        (OTHER_FILE, OURS_OF_OLD_CODE, Action.ADOPT),  # which an edit of the config must not cost
        (OTHER_FILE, OURS_OF_OLD_INPUTS, Action.BUILD),
        (OTHER_FILE, ADOPTED, Action.ADOPT),
    ],
)
def test_a_result_is_kept_adopted_or_built(
    standing: Standing | None, recorded: Recorded | None, action: Action
) -> None:
    assert decide(standing, recorded, WANTED, force=False, content=_hash) is action


@pytest.mark.parametrize("recorded", [None, OURS, ADOPTED])
def test_force_builds_whatever_stands(recorded: Recorded | None) -> None:
    assert decide(FILE, recorded, WANTED, force=True) is Action.BUILD


@pytest.mark.parametrize(
    ("recorded", "action"),
    [(None, Action.BUILD), (ADOPTED, Action.BUILD), (OURS, Action.CURRENT)],
)
def test_with_overwrite_a_foreign_file_is_built_over_once(
    recorded: Recorded | None, action: Action
) -> None:
    assert decide(FILE, recorded, WANTED, force=False, overwrite=True) is action


@pytest.mark.parametrize(
    ("standing", "content", "replaced"),
    [
        (Standing(10, "1"), "hash", False),
        (Standing(10, "2"), "hash", False),  # copied back: another time of change, same content
        (Standing(10, "2"), "other", True),
        (Standing(11, "1"), "hash", True),
    ],
)
def test_another_file_of_the_same_size_is_noticed_by_its_content(
    standing: Standing, content: str, *, replaced: bool
) -> None:
    assert is_replaced(standing, OURS, lambda: content) is replaced


def test_content_is_not_read_where_size_and_version_settle_it() -> None:
    def unread() -> str:
        raise AssertionError

    assert not is_replaced(FILE, OURS, unread)
    assert is_replaced(Standing(11, "1"), OURS, unread)
    assert not is_replaced(Standing(10, "2"), replace(OURS, content=""), unread)  # a backend


def test_what_follows_an_adopted_file_depends_on_its_content_and_not_on_its_inputs() -> None:
    assert OURS.identity == OURS.fingerprint
    assert ADOPTED.identity == ADOPTED_OF_OLD_INPUTS.identity == identity_of_foreign("hash")
    assert replace(ADOPTED, content="other").identity != ADOPTED.identity


def test_the_mark_of_the_inputs_is_the_same_for_every_code() -> None:
    one, other = fingerprints("1", {"a": "x"}), fingerprints("2", {"a": "x"})
    assert one.inputs == other.inputs != fingerprints("1", {"a": "y"}).inputs
    assert one.fingerprint != other.fingerprint


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
