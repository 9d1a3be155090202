"""`diff` on real results: what a changed config value, an edited file and another plate show."""

import gzip
from pathlib import Path

import click.testing
import pytest

from profiling_assets.cli.diff import command
from profiling_assets.errors import InvalidInputError, MissingInputError
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets_tests.dagster.desk import BATCH1, P1, P2, P3, Desk

NORMALIZED = f"profiles/{P1}/000123_normalized.csv.gz"


def diff(*words: str | Path) -> tuple[int, str]:
    done = click.testing.CliRunner().invoke(
        command, [str(word) for word in words], standalone_mode=False
    )
    if done.exception is not None:
        raise done.exception
    assert isinstance(done.return_value, int)
    return done.return_value, done.output


def test_a_result_does_not_differ_from_itself(built: Desk) -> None:
    for path in ("", "profiles", f"profiles/{BATCH1}", f"profiles/{P1}"):
        code, out = diff(built.file(path), built.file(path))
        assert code == 0
        assert out.endswith(" files equal, 0 different, 0 in one of the two only\n")
        assert out.count("\n") == 1
    assert diff(built.file(NORMALIZED), built.file(NORMALIZED))[0] == 0


def test_a_changed_config_value_shows_in_what_it_rules_and_says_so(built: Desk, desk: Desk) -> None:
    desk.configure({"normalize.method": "standardize"})
    desk.run([P3])
    code, out = diff(built.root, desk.root)
    assert code == 1
    table = f"profiles/{P3}/000123_normalized:\n"
    said = out[out.index(table) :].split("\nprofiles/")[0]
    assert "made from: hash of the step's config: " in said
    assert "standard deviations)" in said
    assert "_augmented:" not in out  # made before what the value rules
    assert f"profiles/{P1}" not in out  # of the other batch


def test_an_edited_value_is_named_with_feature_well_and_both_values(
    built: Desk, tmp_path: Path
) -> None:
    lines = gzip.decompress(built.file(NORMALIZED).read_bytes()).decode().splitlines()
    header, cells = lines[0].split(","), lines[1].split(",")
    was, cells[-1] = cells[-1], "12345"
    lines[1] = ",".join(cells)
    edited = tmp_path / "edited.csv"
    edited.write_text("\n".join(lines) + "\n")
    code, out = diff(built.file(NORMALIZED), edited)
    assert code == 1
    well = cells[header.index("Metadata_Well")]
    assert f"  {header[-1]} {well}: {float(was):.6g} -> 12345 (" in out
    assert " 1 different (in 1 features)" in out
    assert "->" not in diff(built.file(NORMALIZED), edited, "--largest", "0")[1]
    assert diff(built.file(NORMALIZED), edited, "--tolerance", "2")[0] == 0


def test_two_plates_are_compared_file_by_file_whatever_their_names(built: Desk) -> None:
    code, out = diff(built.file(f"profiles/{P1}"), built.file(f"profiles/{P2}"))
    assert code == 1
    assert "PLATE_normalized:\n" in out
    assert "only in A: 000123" not in out


def test_a_file_that_only_one_has_is_named(built: Desk, desk: Desk) -> None:
    desk.file(NORMALIZED).unlink()
    code, out = diff(built.root, desk.root)
    assert code == 1
    assert f"only in A: {NORMALIZED}\n" in out
    assert out.endswith(" 0 different, 1 in one of the two only\n")


def test_a_folder_is_compared_with_a_bucket(built: Desk, bucket: str) -> None:
    target = open_workspace(f"s3://{bucket}/project")
    for file in built.file(f"profiles/{P1}").iterdir():
        target.publish_bytes(file.read_bytes(), f"profiles/{P1}/{file.name}")
    assert diff(built.file(f"profiles/{P1}"), f"s3://{bucket}/project/profiles/{P1}")[0] == 0
    assert diff(f"s3://{bucket}/project/{NORMALIZED}", built.file(NORMALIZED))[0] == 0


def test_nothing_to_compare_and_no_table_are_errors_with_file_and_remedy(
    built: Desk, tmp_path: Path
) -> None:
    with pytest.raises(MissingInputError, match="no profile to compare"):
        diff(built.root, tmp_path)
    broken = tmp_path / "000123_normalized.csv"
    broken.write_text("a,b\n1,2\n")
    with pytest.raises(InvalidInputError) as caught:
        diff(built.file(NORMALIZED), broken)
    assert caught.value.path == str(broken)
