"""A workspace with results, a bare repository and clones of it, by the real git.

Put here: what the tests of publishing set up.
Do not put here: tests.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from profiling_assets.publish.clone import open_clone
from profiling_assets.publish.destinations import publish_to_clone
from profiling_assets.publish.wish import Publication, Wish
from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.interface import Workspace

B1, B2 = "2026_03_02_Batch1", "batch 2"
FILES = {
    "analysis/2026_03_02_Batch1/000123/analysis/000123-A01-1/Image.csv": b"raw",
    f"backend/{B1}/000123/000123.sqlite": b"SQLite format 3\0",
    f"backend/{B1}/000123/000123.csv": b"full precision",
    f"backend/{B1}/000123/000123_sites.tsv": b"well\tsite\n",
    "config_files/config.yml": b"pipeline: test\n",
    f"load_data_csv/{B1}/000123/load_data.csv": b"Metadata_Plate\n000123\n",
    f"metadata/platemaps/{B1}/barcode_platemap.csv": b"Assay_Plate_Barcode\r\n000123\r\n",
    f"metadata/{B2}/platemap/MAP 1.txt": b"plate_map_name\r",
    f"profiles/{B1}/000123/000123_normalized.csv.gz": b"\x1f\x8bone",
    f"profiles/{B1}/000123/.000123.csv.gz.0123456789abcdef.part": b"half",
    f"profiles/{B1}/000123/Cells.csv": b"raw",
    f"profiles/{B1}/{B1}_selected_features_batch.tsv": b"feature\n",
    f"profiles/{B2}/P [1] *x/P [1] *x_normalized.csv.gz": b"\x1f\x8btwo",
    f"gct/{B1}/{B1}_normalized_feature_select_batch.gct": b"#1.3\n",
    "quality_control/summary/summary.tsv": b"Batch_Name\n",
    f"quality_control/heatmap/{B1}/000123/000123_cell_count.png": b"\x89PNG",
}
TARGETS = {
    f"backend/{B1}/000123/000123_sites.tsv",
    "config_files/config.yml",
    f"load_data_csv/{B1}/000123/load_data.csv.gz",
    f"metadata/platemaps/{B1}/barcode_platemap.csv",
    f"metadata/platemaps/{B2}/platemap/MAP 1.txt",
    f"profiles/{B1}/000123/000123_normalized.csv.gz",
    f"profiles/{B1}/{B1}_selected_features_batch.tsv",
    f"profiles/{B2}/P [1] *x/P [1] *x_normalized.csv.gz",
    f"gct/{B1}/{B1}_normalized_feature_select_batch.gct",
    "quality_control/summary/summary.tsv",
    f"quality_control/heatmap/{B1}/000123/000123_cell_count.png",
}
PROFILE = f"profiles/{B1}/000123/000123_normalized.csv.gz"


@dataclass(frozen=True)
class Repositories:
    """A folder with a workspace, a bare repository and clones."""

    folder: Path

    @property
    def workspace(self) -> Path:
        """The workspace's root."""
        return self.folder / "work space"

    @property
    def bare(self) -> Path:
        """The remote."""
        return self.folder / "hub.git"

    @property
    def clone(self) -> Path:
        """The clone that is published to."""
        return self.folder / "a clone"

    def git(self, *words: str, at: Path | None = None) -> str:
        """Run git, in the clone unless told otherwise; it must succeed."""
        done = subprocess.run(
            ["git", "-C", str(at or self.clone), *words], capture_output=True, check=False
        )
        assert done.returncode == 0, (words, done.stderr.decode())
        return done.stdout.decode().strip()

    def another(self, name: str = "colleague") -> Path:
        """Clone the remote once more."""
        folder = self.folder / name
        self.git("clone", "--quiet", str(self.bare), str(folder), at=self.folder)
        return folder

    def colleague_pushes(self, path: str = "theirs.txt", text: str = "theirs") -> None:
        """Push a commit from another clone."""
        other = self.another(f"colleague {len(list(self.folder.iterdir()))}")
        (other / path).parent.mkdir(parents=True, exist_ok=True)
        (other / path).write_text(text)
        self.git("add", "--", path, at=other)
        self.git("commit", "--quiet", "-m", "theirs", at=other)
        self.git("push", "--quiet", at=other)

    def commits(self, at: Path | None = None) -> int:
        """Count the commits of a branch."""
        return int(self.git("rev-list", "--count", "HEAD", at=at))

    def committed(self, commit: str = "HEAD", at: Path | None = None) -> set[str]:
        """Return the paths of a commit's tree."""
        told = self.git("ls-tree", "-r", "-z", "--name-only", commit, at=at)
        return set(told.split("\0")) - {""}

    def changed_by(self, commit: str = "HEAD", at: Path | None = None) -> set[str]:
        """Return the paths that a commit changed."""
        told = self.git("diff-tree", "-r", "-z", "--name-only", "--no-commit-id", commit, at=at)
        return set(told.split("\0")) - {""}


def put(root: Path, files: dict[str, bytes]) -> None:
    """Write files below a root."""
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)


def everything(root: Path) -> dict[str, tuple[bytes, int]]:
    """Return content and time of every file, git's own too."""
    return {
        path.relative_to(root).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in root.rglob("*")
        if path.is_file()
    }


def git_of_nobody(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """Give git an identity and no other setting; return its config file."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    config = folder / "gitconfig"
    config.write_text("[user]\n\tname = A Tester\n\temail = tester@example.org\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    return config


def repositories(folder: Path) -> Repositories:
    """Make a workspace, a bare repository with one commit, and a clone."""
    made = Repositories(folder)
    put(made.workspace, FILES)
    made.git("init", "--quiet", "--bare", "--initial-branch=main", str(made.bare), at=folder)
    made.git("clone", "--quiet", str(made.bare), str(made.clone), at=folder)
    (made.clone / "README.md").write_text("ours\n")
    made.git("add", "README.md")
    made.git("commit", "--quiet", "-m", "first")
    made.git("push", "--quiet", "origin", "HEAD")
    return made


def publish(place: Repositories, workspace: Workspace | None = None, **wish: Any) -> Publication:
    """Publish the place's workspace, or another one, to its clone."""
    source = workspace or FolderWorkspace(str(place.workspace))
    return publish_to_clone(
        source, open_clone(str(place.clone)), Wish(**{"version": "0.1.0", **wish})
    )


def copied(done: Publication) -> set[str]:
    """Return the paths that a publication changed."""
    return {one.transfer.target for one in done.compared if one.differs}
