"""A root in which no plate is found: what lies there, and the command that leads on."""

from pathlib import Path

import pytest

from profiling_assets.workspace.off_root import no_plates
from profiling_assets.workspace.scan_workspace import scan_workspace
from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.opening import open_workspace


def said(workspace: Workspace) -> str:
    scan = scan_workspace(workspace)
    assert scan.plates == ()
    return str(no_plates(workspace, scan.ignored))


@pytest.mark.parametrize(
    ("root", "file", "words"),
    [
        ("", "proj/source_4/workspace/analysis/B/P/analysis/A01-1/Image.csv", "proj/source_4/work"),
        ("", "one/backend/B/P/P.sqlite", "a workspace lies below it"),
        ("analysis", "analysis/B/P/analysis/A01-1/Image.csv", "this lies within the workspace"),
        ("analysis/B", "analysis/B/P/analysis/A01-1/Image.csv", "this lies within the workspace"),
        ("out", "out/Image.csv", "init-workspace"),
        ("out", "out/MyExpt_Image.csv.gz", "init-workspace"),
        ("out", "out/A01/1/Image.csv", "init-workspace"),
        ("out", "out/PL-1/MyExpt_Image.txt", "--batch BATCH --plate PL-1"),
        ("out", "out/analysis/P/A01-1/Image.csv", "left out"),
        ("out", "out/notes.md", "there is notes.md"),
    ],
)
def test_what_lies_there_is_said_with_what_to_do(
    workspace: FolderWorkspace, root: str, file: str, words: str
) -> None:
    workspace.publish_bytes(b"x", file)
    workspace.publish_bytes(b"x", "metadata/exclusions.tsv" if root else file)
    message = said(open_workspace(str(Path(workspace.root, root))))
    assert words in message
    assert "Remedy: " in message


def test_an_empty_folder_is_called_so(workspace: FolderWorkspace) -> None:
    assert "the folder is empty" in said(workspace)


def test_on_s3_the_address_one_level_up_or_down_is_named(s3_workspace: Workspace) -> None:
    s3_workspace.publish_bytes(b"x", "ws/analysis/B/P/analysis/A01-1/Image.csv")
    root = s3_workspace.root
    assert f"profiling-assets scan '{root}/ws'" in said(s3_workspace)
    assert f"profiling-assets scan '{root}/ws'" in said(open_workspace(f"{root}/ws/analysis"))
