"""A backfill of many tiny plates, asked for in the web UI and followed to its end.

It goes on where it was interrupted: the event log knows what is made, and the daemon goes on with
its backfill.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg

from profiling_assets.config.template import render_config
from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import plate_spec
from profiling_assets.demo.spec import BatchSpec
from profiling_assets.workspace.names import PlateKey
from profiling_assets_tests.cli.commands import Place
from profiling_assets_tests.cli.event_log import opened
from profiling_assets_tests.cli.web_ui import WebUI
from profiling_assets_tests.load.figures import failures, latencies, memory
from profiling_assets_tests.load.homes import write_home
from profiling_assets_tests.load.postgres import postgres
from profiling_assets_tests.load.sampling import Sampler, samples

STEPS = ("sqlite_backend", "aggregated_profiles", "annotated_profiles", "normalized_profiles")
LIST = "selected_features_batch"
_BATCH = 50  # plates
_WELLS, _SITES, _CELLS, _COLUMNS = 4, 1, 4, 24
_UNDER_WAY = {"REQUESTED", "CANCELING", "FAILING"}
_TOLD_EVERY = 30.0  # seconds
_STARTS = 5  # after an interruption, of what it left
Result = tuple[str, str]
_STATUS = """
query($i: String!) { partitionBackfillOrError(backfillId: $i) {
    ... on PartitionBackfill { status error { message } } } }"""


@dataclass(frozen=True)
class Ground:
    """Where a stage works: its folder, the plates, which storage."""

    folder: Path
    plates: int
    on_postgres: bool

    @property
    def place(self) -> Place:
        """The workspace, with a DAGSTER_HOME as a user sets it."""
        return Place(self.folder / "workspace", self.folder / "state", self.folder / "home")

    @property
    def keys(self) -> tuple[PlateKey, ...]:
        """The plates, in batches."""
        return tuple(
            PlateKey(f"2026_Batch{number // _BATCH + 1:02d}", f"{number + 1:06d}")
            for number in range(self.plates)
        )

    @property
    def batches(self) -> list[str]:
        """The batches."""
        return sorted({key.batch for key in self.keys})

    @property
    def looks(self) -> Path:
        """The file of the sampler."""
        return self.folder / "looks.jsonl"

    @property
    def expected(self) -> Counter[Result]:
        """Every result, once."""
        results = [(name, str(key)) for name in STEPS for key in self.keys]
        lists = [(LIST, batch) for batch in self.batches]
        return Counter([*results, *lists])


def tell(text: str) -> None:
    """Say how it goes."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


def prepare(ground: Ground) -> None:
    """Make the workspace; one that was made in part is made anew."""
    done = ground.folder / "prepared"
    if done.exists():
        return
    shutil.rmtree(ground.folder, ignore_errors=True)
    place = ground.place
    spec = replace(
        plate_spec(_WELLS, _SITES, _CELLS, _COLUMNS),
        batches=tuple(
            BatchSpec(
                batch, tuple(key.plate for key in ground.keys if key.batch == batch), "PLATE-MAP-1"
            )
            for batch in ground.batches
        ),
    )
    make_workspace(place.root, spec)
    text = render_config({}, pipeline="load", negcon=False)
    on = "quality_control:\n  perform: true\n"
    assert on in text
    place.config.parent.mkdir(exist_ok=True)
    place.config.write_text(text.replace(on, on.replace("true", "false")), encoding="utf-8")
    done.touch()


@contextmanager
def temporary_folder() -> Generator[Path]:
    """Give a folder for temporary files, which every process that is started now uses.

    It is short and not in the stage's folder: sockets have paths of at most 107 characters.
    """
    former = os.environ.get("TMPDIR")
    folder = Path(tempfile.mkdtemp(prefix="load-"))
    os.environ["TMPDIR"] = str(folder)
    try:
        yield folder
    finally:
        if former is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = former
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def storage(ground: Ground) -> Generator[None]:
    """Run the database that the event log is on, where it is one."""
    with ExitStack() as stack:
        url = None
        if ground.on_postgres:
            url = stack.enter_context(postgres(ground.folder / "postgres"))
        write_home(ground.folder / "home", url)
        yield


def backfilled(ground: Ground) -> dict[str, Any]:
    """Do the backfill, or go on with it, and return its figures."""
    prepare(ground)
    with storage(ground), temporary_folder() as temporary:
        place = ground.place
        ui = WebUI(place, ground.folder / f"ui {time.strftime('%Y%m%d %H%M%S')}.log")
        try:
            ui.wait_until_up(600)
            _follow(ground, ui, Sampler(ui, place, ground.looks, temporary))
        finally:
            ui.stop()
            if not place.wait_until_alone(60):
                place.kill_all()
        return _figures(ground)


def _follow(ground: Ground, ui: WebUI, sampler: Sampler) -> None:
    with sampler.sampling():
        for _ in range(_STARTS):
            missing = ground.expected - made(ground.place)
            if not missing:
                break
            tell(f"{ground.folder.name}: {missing.total()} of {ground.expected.total()} to be made")
            backfill = _under_way(ground, ui) or _launched(ground, ui, missing)
            _wait(ground, ui, backfill)
            (ground.folder / "backfill").unlink()
            if not _was_interrupted(ground):
                break  # what is missing by now is lost
        # a while after it, to see what idle processes keep
        time.sleep(min(60, ground.plates / 5))


def _under_way(ground: Ground, ui: WebUI) -> str | None:
    """Return the backfill of a start of this test that was interrupted."""
    file = ground.folder / "backfill"
    if not file.exists():
        return None
    backfill = file.read_text()
    with (ground.folder / "interruptions").open("a") as interruptions:
        interruptions.write(f"{backfill}\n")
    tell(f"{ground.folder.name}: goes on with backfill {backfill}")
    return backfill


def _was_interrupted(ground: Ground) -> bool:
    return (ground.folder / "interruptions").exists()


def _launched(ground: Ground, ui: WebUI, missing: Counter[Result]) -> str:
    plates = sorted({partition for name, partition in missing if name != LIST})
    if plates:
        backfill = ui.launch_backfill((*STEPS, LIST), plates)
    else:
        backfill = ui.launch_backfill((LIST,), sorted(partition for _, partition in missing))
    (ground.folder / "backfill").write_text(backfill)
    return backfill


def _wait(ground: Ground, ui: WebUI, backfill: str) -> None:
    told = 0.0
    while True:
        answer = ui.ask(_STATUS, i=backfill)["partitionBackfillOrError"]
        if answer["status"] not in _UNDER_WAY:
            tell(f"{ground.folder.name}: backfill {answer['status']} {answer['error'] or ''}")
            return
        if time.monotonic() - told > _TOLD_EVERY:
            told = time.monotonic()
            tell(f"{ground.folder.name}: {_progress(ground)}")
        time.sleep(3)


def _progress(ground: Ground) -> str:
    with opened(ground.place) as instance:
        counts = {
            status.value.lower(): instance.get_runs_count(dg.RunsFilter(statuses=[status]))
            for status in dg.DagsterRunStatus
        }
    return "runs " + ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def made(place: Place, names: tuple[str, ...] = (*STEPS, LIST)) -> Counter[Result]:
    """How often a run made each result."""
    found: Counter[Result] = Counter()
    if not place.home.joinpath("dagster.yaml").exists():
        return found
    with opened(place) as instance:
        for name in names:
            cursor, more = None, True
            while more:
                page = instance.fetch_materializations(dg.AssetKey(name), limit=1000, cursor=cursor)
                found.update(
                    (name, record.partition_key or "") for record in page.records if record.run_id
                )
                cursor, more = page.cursor, page.has_more
    return found


def digest(root: Path) -> str:
    """Return a hash over every result of a workspace, paths and bytes."""
    whole = hashlib.sha256()
    for area in ("backend", "profiles"):
        for path in sorted((root / area).rglob("*")):
            if path.is_file() and not path.name.endswith("_provenance.json"):
                whole.update(path.relative_to(root).as_posix().encode())
                whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def _figures(ground: Ground) -> dict[str, Any]:
    results = made(ground.place)
    with opened(ground.place) as instance:
        records = instance.get_run_records()
    statuses = Counter(record.dagster_run.status.value for record in records)
    begun = [record.start_time for record in records if record.start_time is not None]
    ended = [record.end_time for record in records if record.end_time is not None]
    lasted = sorted(
        record.end_time - record.start_time
        for record in records
        if record.end_time is not None and record.start_time is not None
    )
    looks = samples(ground.looks)
    interruptions = ground.folder / "interruptions"
    return {
        "plates": ground.plates,
        "storage": "PostgreSQL" if ground.on_postgres else "SQLite",
        "runs": dict(statuses),
        "results": results.total(),
        "missing": len(ground.expected - results),
        "twice": len(results - ground.expected),
        "seconds": round(max(ended) - min(begun), 1),
        "run_seconds_median": round(lasted[len(lasted) // 2], 2),
        "run_seconds_max": round(lasted[-1], 2),
        "runs_at_once": _at_once(records),
        "interruptions": len(interruptions.read_text().split()) if interruptions.exists() else 0,
        "latencies": latencies(looks),
        "afterwards": latencies([look for look in looks if look["at"] > max(ended)]),
        "memory": memory(looks),
        "failures": failures(looks),
        "digest": digest(ground.place.root),
        "leftovers": ground.place.leftovers(),
    }


def _at_once(records: Any) -> int:
    """Return the most runs that were under way at one time."""
    changes = [(record.start_time, 1) for record in records if record.start_time is not None]
    changes += [(record.end_time, -1) for record in records if record.end_time is not None]
    most = now = 0
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most


def write_result(file: Path, figures: dict[str, Any]) -> None:
    """Write the result of a stage, whole."""
    part = file.with_suffix(".part")
    part.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    part.replace(file)
