"""Publishing into clones of a real bare repository, with the real git."""

import gzip
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from profiling_assets.errors import DataRepositoryError, MissingInputError
from profiling_assets.publish.clone import open_clone
from profiling_assets.publish.destinations import publish_to_clone, publish_to_workspace
from profiling_assets.publish.wish import Wish
from profiling_assets.workspace.copying import ComparedFile
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.public_files import Stays
from profiling_assets.workspace.registry import exclude, registered, update_registry
from profiling_assets.workspace.scan_workspace import scan_workspace
from profiling_assets.workspace.storage.folder import FolderWorkspace
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets_tests.data_repositories import (
    B1,
    B2,
    FILES,
    PROFILE,
    TARGETS,
    Repositories,
    copied,
    everything,
    publish,
    put,
)


def test_results_are_committed_and_pushed_and_the_second_time_nothing_is(
    place: Repositories,
) -> None:
    done = publish(place)
    assert copied(done) == TARGETS
    assert done.pushed
    assert place.git("rev-parse", "HEAD") == done.commit
    assert place.git("rev-parse", "main", at=place.bare) == done.commit
    assert place.committed(at=place.bare) == TARGETS | {"README.md"}
    assert place.git("status", "--porcelain") == ""
    other = place.another()
    assert (other / PROFILE).read_bytes() == FILES[PROFILE]
    table = f"metadata/platemaps/{B1}/barcode_platemap.csv"
    assert (other / table).read_bytes() == FILES[table]
    zipped = (other / f"load_data_csv/{B1}/000123/load_data.csv.gz").read_bytes()
    assert gzip.decompress(zipped) == FILES[f"load_data_csv/{B1}/000123/load_data.csv"]
    commits = place.commits()
    again = publish(place)
    assert (again.commit, again.pushed, copied(again)) == (None, False, set())
    assert place.commits() == commits == place.commits(place.bare)


def test_the_message_says_what_and_from_what_and_neither_when_nor_where(
    place: Repositories,
) -> None:
    publish(place)
    message = place.git("log", "-1", "--format=%B")
    mark = hashlib.sha256(FILES["config_files/config.yml"]).hexdigest()[:12]
    assert message == (
        "Publish 2 batches: 2 plates, 11 files\n\n"
        f"{B1}: 000123\n"
        f"{B2}: P [1] *x\n\n"
        "profiling_assets 0.1.0\n"
        f"config config.yml sha256 {mark}"
    )


def test_a_changed_profile_is_one_commit_of_that_file(place: Repositories) -> None:
    publish(place)
    put(place.workspace, {PROFILE: b"\x1f\x8bONE"})
    done = publish(place)
    assert copied(done) == {PROFILE}
    assert place.changed_by() == {PROFILE}
    assert place.commits(place.bare) == 3
    assert place.git("log", "-1", "--format=%s") == f"Publish {B1}: 1 plate, 1 file"
    # and from another clone, whose files have other times
    other = Repositories(place.folder / "second")
    put(other.workspace, {**FILES, PROFILE: b"\x1f\x8bONE"})
    place.git("clone", "--quiet", str(place.bare), str(other.clone), at=place.folder)
    assert publish(other).commit is None


def test_a_dry_run_lists_and_touches_nothing(place: Repositories) -> None:
    before = everything(place.folder)
    told: list[ComparedFile] = []
    done = publish_to_clone(
        FolderWorkspace(str(place.workspace)),
        open_clone(str(place.clone)),
        Wish(version="0.1.0", dry_run=True),
        told.append,
    )
    assert everything(place.folder) == before
    assert copied(done) == TARGETS == {one.transfer.target for one in told}
    assert (done.commit, done.pushed, done.problems) == (None, False, ())
    assert {(one.path, one.why) for one in done.plan.staying} == {
        (f"backend/{B1}/000123/000123.sqlite", Stays.DATABASE),
        (f"backend/{B1}/000123/000123.csv", Stays.BACKEND),
        (f"profiles/{B1}/000123/Cells.csv", Stays.CELLPROFILER),
    }


def test_foreign_files_of_the_clone_stay_as_they_are(place: Repositories) -> None:
    foreign = {
        "notes.txt": b"mine",
        f"profiles/{B1}/000123/notes.csv.gz": b"mine",
        "profiles/another batch/P/P.csv.gz": b"theirs",
        "analysis/raw.csv": b"mine",
    }
    put(place.clone, foreign)
    publish(place)
    assert place.committed() == TARGETS | {"README.md"}
    assert {path: (place.clone / path).read_bytes() for path in foreign} == foreign


def test_a_result_that_is_gone_is_kept_and_named(place: Repositories) -> None:
    publish(place)
    (place.workspace / PROFILE).unlink()
    done = publish(place)
    assert done.gone == (PROFILE,)
    assert done.commit is None
    assert PROFILE in place.committed(at=place.bare)
    # of the batches that were asked for only
    assert publish(place, batches=(B2,)).gone == ()


def test_an_excluded_plate_is_no_longer_brought_up_to_date(place: Repositories) -> None:
    publish(place)
    workspace = FolderWorkspace(str(place.workspace))
    found = scan_workspace(workspace).plates
    key = PlateKey(B1, "000123")
    update_registry(workspace, lambda known: exclude(registered(known, found), key, "focus lost"))
    put(place.workspace, {PROFILE: b"another"})
    done = publish(place)
    assert done.commit is None
    assert PROFILE in done.gone
    assert (PROFILE, Stays.EXCLUDED) in {(one.path, one.why) for one in done.plan.staying}
    assert (place.clone / PROFILE).read_bytes() == FILES[PROFILE]


def test_only_the_batches_that_are_named_are_published(place: Repositories) -> None:
    done = publish(place, batches=(B2,))
    assert copied(done) == {
        "config_files/config.yml",
        "quality_control/summary/summary.tsv",
        f"metadata/platemaps/{B2}/platemap/MAP 1.txt",
        f"profiles/{B2}/P [1] *x/P [1] *x_normalized.csv.gz",
    }
    with pytest.raises(MissingInputError, match="nothing to publish of batch B9"):
        publish(place, batches=("B9",))


def test_commits_that_others_pushed_before_are_taken_in(place: Repositories) -> None:
    place.colleague_pushes()
    assert publish(place).pushed
    assert place.committed(at=place.bare) == TARGETS | {"README.md", "theirs.txt"}


def test_the_first_commit_of_an_empty_repository_may_be_a_publication(
    git_config: Path, tmp_path: Path
) -> None:
    place = Repositories(tmp_path)
    put(place.workspace, FILES)
    place.git("init", "--quiet", "--bare", "--initial-branch=main", str(place.bare), at=tmp_path)
    place.git("clone", "--quiet", str(place.bare), str(place.clone), at=tmp_path)
    assert publish(place).pushed
    assert place.committed(at=place.bare) == TARGETS
    assert publish(place).commit is None


def test_the_first_commits_of_others_are_taken_into_an_empty_clone(
    git_config: Path, tmp_path: Path
) -> None:
    place = Repositories(tmp_path)
    put(place.workspace, FILES)
    place.git("init", "--quiet", "--bare", "--initial-branch=main", str(place.bare), at=tmp_path)
    place.git("clone", "--quiet", str(place.bare), str(place.clone), at=tmp_path)
    place.colleague_pushes()
    assert publish(place).pushed
    assert place.committed(at=place.bare) == TARGETS | {"theirs.txt"}


def test_a_file_of_many_megabytes_leaves_nothing_beside_itself(place: Repositories) -> None:
    put(place.workspace, {PROFILE: bytes(9 * 1024 * 1024)})
    publish(place)
    assert (place.clone / PROFILE).stat().st_size == 9 * 1024 * 1024
    assert place.git("status", "--porcelain") == ""
    assert not list(place.clone.rglob("*.part"))
    assert not list(place.clone.glob(".profiling_assets/scratch/*"))


def test_a_workspace_that_is_the_clone_itself_is_committed(place: Repositories) -> None:
    put(place.clone, FILES)
    done = publish(place, FolderWorkspace(str(place.clone)))
    assert done.pushed
    assert place.committed(at=place.bare) == TARGETS | {"README.md"}
    assert publish(place, FolderWorkspace(str(place.clone))).commit is None


def test_line_ends_stay_whatever_git_is_told_to_do(place: Repositories, git_config: Path) -> None:
    with git_config.open("a") as file:
        file.write("[core]\n\tautocrlf = true\n")
    publish(place)
    path = f"metadata/platemaps/{B1}/barcode_platemap.csv"
    blob = subprocess.run(
        ["git", "-C", str(place.clone), "cat-file", "blob", f"HEAD:{path}"],
        capture_output=True,
        check=True,
    )
    assert blob.stdout == FILES[path]


def test_a_config_that_is_not_published_is_told(place: Repositories) -> None:
    own = place.folder / "mine.yml"
    own.write_text("pipeline: mine\n")
    done = publish(place, config=str(own))
    assert "copy it there" in done.notes[0]
    assert "config mine.yml sha256 " in place.git("log", "-1", "--format=%B")
    assert "config.yml" not in place.git("log", "-1", "--format=%B")
    same = str(place.workspace / "config_files" / "config.yml")
    assert publish(place, config=same).notes == ()
    with pytest.raises(MissingInputError, match="config file cannot be read"):
        publish(place, config=str(place.folder / "nowhere.yml"))


def test_another_pinned_version_is_told(place: Repositories) -> None:
    put(place.clone, {"requirements.txt": b"profiling_assets==0.0.9\n"})
    assert "pins profiling_assets 0.0.9, and this is 0.1.0" in publish(place).notes[0]


def test_a_bucket_is_published_and_a_bucket_is_published_to(
    place: Repositories, bucket: str
) -> None:
    source = open_workspace(f"s3://{bucket}/projects/a project/workspace?path_style=true")
    for path, data in FILES.items():
        source.publish_bytes(data, path)
    done = publish(place, source)
    assert done.pushed
    assert place.committed(at=place.bare) == TARGETS | {"README.md"}
    assert publish(place, source).commit is None
    assert publish(place).commit is None  # the same from the folder
    target = open_workspace(f"s3://{bucket}/public?path_style=true")
    wish = Wish(version="0.1.0")
    assert copied(publish_to_workspace(source, target, wish)) == TARGETS
    again = publish_to_workspace(source, target, wish)
    assert (copied(again), again.gone) == (set(), ())
    with pytest.raises(DataRepositoryError, match="same workspace"):
        publish_to_workspace(source, source, wish)


def test_variables_of_git_s_own_hooks_do_not_lead_to_another_repository(
    place: Repositories, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = place.another()
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    monkeypatch.setenv("GIT_TRACE", "2")
    assert publish(place).pushed
    monkeypatch.delenv("GIT_DIR")
    monkeypatch.delenv("GIT_INDEX_FILE")
    assert place.commits(other) == 1
    assert place.commits(place.bare) == 2


def test_the_command_publishes_and_its_exit_code_tells(place: Repositories) -> None:
    words = [sys.executable, "-m", "profiling_assets", "publish", str(place.clone)]
    words += ["--workspace", str(place.workspace)]

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*words, *more], capture_output=True, text=True, check=False)

    dry = run("--dry-run", "--limit-mb", "0.00001")
    assert dry.returncode == 1
    assert f"would publish {PROFILE}, " in dry.stdout
    assert "larger than 10 bytes" in dry.stderr
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[-1] == "pushed to origin/main"
    assert lines[-2].startswith("commit ")
    assert lines[-3].startswith("11 published (")
    commits = place.commits(place.bare)
    again = run()
    assert again.stdout.splitlines()[-1] == "0 published (0 bytes), 11 the same"
    assert place.commits(place.bare) == commits == place.commits()
    url = "https://someone:s3cret@example.org/x.git"
    told = subprocess.run(
        [*words[:4], url, *words[5:]], capture_output=True, text=True, check=False
    )
    assert told.returncode == 1
    assert "git clone" in told.stderr
    assert "s3cret" not in told.stderr
    assert "***@" in told.stderr
