"""Faults planted in GCT files, pictures and the summary: what the checks say of them."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from profiling_assets.config.load import parse_config
from profiling_assets.config.template import render_config
from profiling_assets.profiles.gct import gct_bytes
from profiling_assets.profiles.tables import profiles_csv
from profiling_assets.quality.checks.files import broken_cells, gct_is_whole
from profiling_assets.quality.checks.values import every_plate_has_a_line
from profiling_assets.quality.checks.verdict import CheckResult
from profiling_assets.steps.outputs import Stored
from profiling_assets.steps.pictures import cell_count_pictures, correlation_pictures
from profiling_assets.steps.plate_sites import rebuilt_summary
from profiling_assets.steps.stacked import gct
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.storage.folder import FolderWorkspace

KEY = PlateKey("B", "000123")
PATH = "gct/B/B_normalized_feature_select_batch.gct"
CONFIG = parse_config(
    render_config({"B": ["000123"]}, pipeline="p", negcon=True), path="config.yml"
)


def profiles(wells: tuple[str, ...] = ("A01", "B02", "P24"), word: str = "DMSO") -> pd.DataFrame:
    count = len(wells)
    return pd.DataFrame(
        {
            "Metadata_Plate": ["000123"] * count,
            "Metadata_Well": list(wells),
            "Metadata_broad_sample": [word] * count,
            "Metadata_Object_Count": [float(number) for number in range(count)],
            **{
                f"Cells_AreaShape_Zernike_{n}": [float((k + 1) ** n % 7) for k in range(count)]
                for n in range(5)
            },
        }
    )


def stored(root: Path, frame: pd.DataFrame) -> Stored:
    path = root / "profiles.csv"
    path.write_bytes(profiles_csv(frame, float_format=None, gzip=False))
    return Stored(FolderWorkspace(str(root)), path.name, "x", str(KEY))


def only(checks: tuple[CheckResult, ...]) -> CheckResult:
    (found,) = checks
    return found


def test_a_sound_gct_file_passes_and_is_stored_as_it_was_checked(tmp_path: Path) -> None:
    made = gct(CONFIG, stored(tmp_path, profiles()), PATH)
    assert only(made.checks).verdict == "passed"
    assert only(made.checks).numbers == {"samples": 3, "features": 5, "sample_descriptions": 4}
    assert made.unchanged == gct_bytes(made.frame)


@pytest.mark.parametrize(
    ("sizes", "says"),
    [
        ({"samples": 4}, "the file names [5, 3, 1, 4]"),
        ({"features": 6}, "make it [6, 3, 1, 4]"),
        ({"descriptions": 3}, "make it [5, 3, 1, 3]"),
    ],
)
def test_a_gct_file_of_another_size_blocks(sizes: Mapping[str, int], says: str) -> None:
    asked = {"samples": 3, "features": 5, "descriptions": 4, **sizes}
    found = gct_is_whole(
        gct_bytes(profiles()),
        samples=asked["samples"],
        features=asked["features"],
        descriptions=asked["descriptions"],
    )
    assert found.verdict == "failed"
    assert says in found.what
    assert "report it" in found.remedy


def test_a_gct_file_that_lacks_a_line_blocks() -> None:
    text = gct_bytes(profiles())
    short = b"".join(text.splitlines(keepends=True)[:-1])
    found = gct_is_whole(short, samples=3, features=5, descriptions=4)
    assert found.verdict == "failed"
    assert "has 11 lines" in found.what


@pytest.mark.parametrize("word", ["a\tb", "a\nb", "a\rb", '5" dish'])
def test_a_value_that_viewers_of_a_gct_file_misread_is_named_with_its_cell(
    tmp_path: Path, word: str
) -> None:
    table = profiles()
    table.loc[1, "Metadata_broad_sample"] = word
    found = only(gct(CONFIG, stored(tmp_path, table), PATH).checks)
    assert found.verdict == "warning"
    assert found.what.startswith(f"{PATH} has words")
    assert f"1 (Metadata_broad_sample of 000123 B02: {word!r})" in found.what
    assert "tabs, line breaks and quotes" in found.remedy


def test_a_cell_is_named_in_one_line_however_long_and_without_wells() -> None:
    table = pd.DataFrame({"Metadata_x": ["a", "b\n" * 99], "Cells_a": [1.0, 2.0]})
    (told,) = broken_cells(table)
    assert told.startswith("Metadata_x of sample 1: 'b")
    assert told.isprintable()
    assert len(told) < 120
    assert broken_cells(table.rename(columns={"Metadata_x": "Metadata_\t"}).iloc[:1]) == [
        r"the column named 'Metadata_\t'"
    ]


def test_a_field_too_few_that_no_value_accounts_for_blocks() -> None:
    text = gct_bytes(profiles()).replace(b"DMSO\tDMSO", b"DMSO", 1)
    found = gct_is_whole(text, samples=3, features=5, descriptions=4)
    assert found.verdict == "failed"
    assert "fewer than 5 fields: broad_sample" in found.what


@pytest.mark.parametrize("wells", [("A01", "b2", "P24"), ("A01", "B02", "well 7")])
def test_a_well_without_a_place_on_the_plate_is_told(
    tmp_path: Path, wells: tuple[str, ...]
) -> None:
    table = stored(tmp_path, profiles(wells))
    for made in (
        cell_count_pictures(table.workspace, KEY, table),
        correlation_pictures(CONFIG, KEY, table),
    ):
        found = only(made.checks)
        if "b2" in wells:
            assert found.verdict == "passed"
            assert found.numbers == {"wells_of_profiles": 3, "wells_drawn": 3}
        else:
            assert found.verdict == "warning"
            assert found.what == "wells with a profile are not drawn: well 7"
            assert "A01 to AF48" in found.remedy


def test_a_plate_without_a_line_in_the_summary_is_told(tmp_path: Path) -> None:
    header = "Batch_Name\tPlate_Name\tWell_Count\tImages_per_site\t"
    header += "Sites_per_well_Median\tSites_per_well_mad"
    summary = tmp_path / "quality_control/summary/summary.tsv"
    summary.parent.mkdir(parents=True)
    summary.write_text(f"{header}\nB\t000123\t12\t5\t2\t0.000\n")
    workspace = FolderWorkspace(str(tmp_path))
    sound = only(rebuilt_summary(workspace, "B", [KEY]).checks)
    assert (sound.verdict, sound.numbers) == ("passed", {"plates_expected": 1, "lines": 1})
    found = only(rebuilt_summary(workspace, "B", [KEY, PlateKey("B", "P2")]).checks)
    assert found.verdict == "warning"
    assert found.what == "plates have no line: B/P2"
    assert "bring the load data" in found.remedy


def test_a_line_that_is_there_twice_is_told() -> None:
    found = every_plate_has_a_line([KEY], [KEY, KEY], {})
    assert found.what == "plates have more than one line: B/000123"
