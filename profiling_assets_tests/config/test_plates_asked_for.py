"""Which plates a config asks for of those that are there."""

from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.config.load import parse_config
from profiling_assets.config.model import Config
from profiling_assets.config.plates_asked_for import plates_asked_for
from profiling_assets.workspace.names import PlateKey

WHOLE = "pipeline: p\n"
P1, P2, P3 = (PlateKey("B1", f"P{n}") for n in (1, 2, 3))
Q1 = PlateKey("B2", "P1")


def config(text: str) -> Config:
    return parse_config(text, path="config.yml")


def batch(name: str, plates: dict[str, bool], *, process: bool = True) -> str:
    lines = ["---", f"batch: {name}", f"process: {str(process).lower()}", "plates:"]
    for plate, asked in plates.items():
        lines += [f"  - name: {plate}", f"    process: {str(asked).lower()}"]
    return "\n".join([*lines, ""])


def test_a_config_without_batch_documents_takes_the_whole_workspace() -> None:
    found = plates_asked_for(config(WHOLE), [Q1, P2, P1], {})
    assert found.plates == (P1, P2, Q1)
    assert (found.not_asked, found.absent) == ((), ())


def test_an_excluded_plate_is_not_among_the_plates_and_keeps_its_reason() -> None:
    found = plates_asked_for(config(WHOLE), [P1, P2], {P2: "out of focus"})
    assert found.plates == (P1,)
    assert found.excluded == {P2: "out of focus"}


def test_a_plate_on_disk_that_the_config_does_not_name_is_not_asked_for() -> None:
    found = plates_asked_for(config(WHOLE + batch("B1", {"P1": True})), [P1, P2, Q1], {})
    assert found.plates == (P1,)
    assert found.not_asked == (P2, Q1)


def test_process_false_of_a_plate_takes_that_plate_out() -> None:
    found = plates_asked_for(config(WHOLE + batch("B1", {"P1": True, "P2": False})), [P1, P2], {})
    assert found.plates == (P1,)
    assert found.not_asked == (P2,)
    assert found.absent == ()


def test_process_false_of_a_batch_takes_all_its_plates_out() -> None:
    text = WHOLE + batch("B1", {"P1": True}, process=False) + batch("B2", {"P1": True})
    found = plates_asked_for(config(text), [P1, Q1], {})
    assert found.plates == (Q1,)
    assert found.not_asked == (P1,)


def test_a_config_whose_only_batch_is_switched_off_asks_for_nothing() -> None:
    found = plates_asked_for(config(WHOLE + batch("B1", {"P1": True}, process=False)), [P1, Q1], {})
    assert found.plates == ()
    assert found.not_asked == (P1, Q1)


def test_a_plate_that_the_config_names_and_nobody_has_seen_is_absent() -> None:
    text = WHOLE + batch("B1", {"P3": True, "P1": True, "P2": False})
    found = plates_asked_for(config(text), [P1], {})
    assert found.absent == (P3,)


def test_an_excluded_plate_is_not_absent_though_the_config_names_it() -> None:
    found = plates_asked_for(
        config(WHOLE + batch("B1", {"P1": True, "P2": True})), [P1], {P2: "broken"}
    )
    assert found.absent == ()
    assert found.excluded == {P2: "broken"}


def test_the_same_plate_name_in_two_batches_is_two_plates() -> None:
    found = plates_asked_for(config(WHOLE + batch("B1", {"P1": True})), [P1, Q1], {})
    assert (found.plates, found.not_asked) == ((P1,), (Q1,))


def test_leading_zeros_tell_plates_apart() -> None:
    found = plates_asked_for(
        config(WHOLE + batch("B1", {"000123": True})),
        [PlateKey("B1", "000123"), PlateKey("B1", "123")],
        {},
    )
    assert found.plates == (PlateKey("B1", "000123"),)
    assert found.not_asked == (PlateKey("B1", "123"),)


def test_batches_hold_the_plates_asked_for_in_order() -> None:
    found = plates_asked_for(config(WHOLE), [Q1, P3, P1], {P3: "no"})
    assert found.batches == {"B1": (P1,), "B2": (Q1,)}


_KEYS = st.builds(PlateKey, st.sampled_from(["B1", "B2"]), st.sampled_from(["1", "01", "P 1"]))


@given(
    registered=st.sets(_KEYS),
    excluded=st.dictionaries(_KEYS, st.just("why")),
    named=st.dictionaries(_KEYS, st.booleans()),
)
def test_every_registered_plate_is_in_exactly_one_place(
    registered: set[PlateKey], excluded: dict[PlateKey, str], named: dict[PlateKey, bool]
) -> None:
    text = WHOLE
    for name in sorted({key.batch for key in named}):
        text += batch(name, {k.plate: asked for k, asked in named.items() if k.batch == name})
    found = plates_asked_for(config(text), registered, excluded)
    places = [*found.plates, *found.not_asked, *(k for k in found.excluded if k in registered)]
    assert sorted(places) == sorted(registered)
    assert not set(found.absent) & (registered | set(excluded))
    wanted = {key for key, asked in named.items() if asked} or (set() if named else registered)
    assert set(found.plates) | set(found.absent) == wanted - set(excluded)
