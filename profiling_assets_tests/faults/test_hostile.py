"""Hostile and broken input, in short; thousands of cases are in `hostile_long`."""

from collections import Counter
from pathlib import Path

import pytest

from profiling_assets.core.errors import ConfigError
from profiling_assets.pipeline.catalog import read_config
from profiling_assets_tests.faults.hostile_extremes import EXTREMES
from profiling_assets_tests.faults.hostile_readers import KINDS, Case, cases, tried

SHORT = 12


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_file_is_read_and_a_damaged_one_is_read_or_refused_with_a_sentence(
    kind: str,
) -> None:
    KINDS[kind].read(KINDS[kind].sound)
    ends = Counter(tried(case) for case in cases(kind, SHORT))
    assert sum(ends.values()) == SHORT


@pytest.mark.parametrize("kind", EXTREMES)
def test_files_that_were_thought_out_to_break_a_reader_do_not(kind: str) -> None:
    for number, data in enumerate(EXTREMES[kind]):
        tried(Case(kind, number, "thought out", data))


def test_a_config_that_never_ends_is_refused_before_it_is_read_whole(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="more than 2 MiB"):
        read_config("/dev/zero")
    large = tmp_path / "config.yml"
    with large.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    with pytest.raises(ConfigError, match="more than 2 MiB"):
        read_config(str(large))
