"""What a provenance file says, and that nothing but the results decides on its bytes."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiling_assets.errors import InvalidInputError
from profiling_assets.steps.provenance import (
    FileMark,
    Origin,
    changed_provenance,
    file_mark,
    parse_provenance,
)

PATH = "profiles/B/000123/000123_provenance.json"
TABLE = "profiles/B/000123/000123.csv.gz"
ORIGIN = Origin(
    asset="aggregated_profiles",
    file=file_mark(b"table"),
    code="1",
    config="0123456789ab",
    inputs={"cellprofiler_csvs": "a" * 32},
    versions={"pandas": "3.1", "numpy": "2.4"},
    beside={"backend/B/000123/000123_sites.tsv": file_mark(b"ledger")},
)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
origins = st.builds(
    replace,
    st.just(ORIGIN),
    inputs=st.dictionaries(names, names, max_size=3),
    beside=st.dictionaries(names, st.builds(FileMark, st.integers(0, 9), names), max_size=2),
)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(names, origins, max_size=4))
def test_what_is_written_is_read_back(made: dict[str, Origin]) -> None:
    assert parse_provenance(changed_provenance(None, made), path=PATH) == made


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(names, origins, max_size=4), st.randoms())
def test_the_order_in_which_results_are_made_does_not_show(made: dict[str, Origin], random) -> None:
    order = list(made)
    random.shuffle(order)
    content = None
    for name in order:
        content = changed_provenance(content, {name: made[name]})
    assert content is None or content == changed_provenance(None, made)


def test_the_hash_is_the_one_that_sha256sum_prints() -> None:
    entry = json.loads(changed_provenance(None, {TABLE: ORIGIN}))["results"][TABLE]
    assert entry["sha256"] == ("0d4fc4a78d3706edccafb665a8b2fdd9309e82c78625bb0f2b8e7bb9e1c4d21c")
    assert entry["size"] == 5


def test_the_same_result_again_leaves_the_bytes_that_stand() -> None:
    content = changed_provenance(None, {TABLE: ORIGIN})
    assert changed_provenance(content, {TABLE: ORIGIN}) is content


def test_an_entry_goes_where_another_file_was_found_and_stays_where_it_is_the_same() -> None:
    content = changed_provenance(None, {TABLE: ORIGIN})
    assert changed_provenance(content, {}, [(TABLE, file_mark(b"table"))]) is content
    assert changed_provenance(content, {}, [("another", file_mark(b"x"))]) is content
    left = changed_provenance(content, {}, [(TABLE, file_mark(b"other"))])
    assert parse_provenance(left, path=PATH) == {}


@pytest.mark.parametrize(
    "damaged", [b"", b"{", b"[]", b"\xff", b'{"schema_version": 99, "results": {}}', b"null"]
)
def test_a_damaged_file_is_begun_anew_and_refused_when_it_is_read(damaged: bytes) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_provenance(damaged, path=PATH)
    assert caught.value.path == PATH
    anew = changed_provenance(damaged, {TABLE: ORIGIN})
    assert parse_provenance(anew, path=PATH) == {TABLE: ORIGIN}
