"""Plates that keep arriving while `profiling-assets ui --watch` runs, and what that leaves behind.

A soak that was interrupted begins anew: what is asked is whether processes that live long grow.
"""

import os
import shutil
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg

from profiling_assets.config.template import render_config
from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import plate_spec
from profiling_assets.demo.spec import BatchSpec
from profiling_assets.workspace.names import PlateKey
from profiling_assets_tests.cli.commands import Place, wait_for
from profiling_assets_tests.cli.event_log import opened
from profiling_assets_tests.cli.web_ui import WebUI
from profiling_assets_tests.load.backfills import STEPS, made, tell, temporary_folder
from profiling_assets_tests.load.figures import failures, latencies, leaks, memory
from profiling_assets_tests.load.homes import write_home
from profiling_assets_tests.load.sampling import Sampler, samples

WATCH_SECONDS = 5
SETTLE_SECONDS = 3
EVERY = 40.0  # seconds from plate to plate
BATCH = 4  # plates; each makes the batch's results, and those of its other plates, anew
BATCH_STEPS = ("selected_features_batch", "stacked_profiles", "gct")
LAST = "feature_selected_profiles"
_REST = 60.0  # seconds of quiet at the end
_LATE = 1200.0  # seconds from the last plate to the last result
_TOLD_EVERY = 60.0
_GOING = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


@dataclass(frozen=True)
class Soak:
    """Where, and for how long plates arrive."""

    folder: Path
    minutes: float

    @property
    def place(self) -> Place:
        """The workspace, with a DAGSTER_HOME as a user sets it."""
        return Place(self.folder / "workspace", self.folder / "state", self.folder / "home")

    @property
    def depot(self) -> Path:
        """Where the plates come from."""
        return self.folder / "depot"

    @property
    def keys(self) -> tuple[PlateKey, ...]:
        """The plates in the order of their arrival."""
        count = max(1, int(self.minutes * 60 / EVERY))
        return tuple(
            PlateKey(f"2026_Batch{number // BATCH + 1:03d}", f"{number + 1:06d}")
            for number in range(count)
        )


def soaked(soak: Soak) -> dict[str, Any]:
    """Let plates arrive, wait for what is made of them, and return the figures."""
    shutil.rmtree(soak.folder, ignore_errors=True)
    _prepare(soak)
    place = soak.place
    os.environ["PROFILING_ASSETS_WATCH_SECONDS"] = str(WATCH_SECONDS)
    looks = soak.folder / "looks.jsonl"
    with temporary_folder() as temporary:
        ui = WebUI(place, soak.folder / "ui.log", "--watch")
        try:
            ui.wait_until_up()
            with Sampler(ui, place, looks, temporary).sampling():
                _deliver(soak)
                wait_for(lambda: _is_done(soak), _LATE, every=3.0)
                time.sleep(_REST)
        finally:
            ui.stop()
            if not place.wait_until_alone(60):
                place.kill_all()
    return _figures(soak, looks)


def _prepare(soak: Soak) -> None:
    batches: dict[str, list[str]] = {}
    for key in soak.keys:
        batches.setdefault(key.batch, []).append(key.plate)
    spec = replace(
        plate_spec(4, 1, 4, 24),
        batches=tuple(
            BatchSpec(batch, tuple(plates), "PLATE-MAP-1") for batch, plates in batches.items()
        ),
    )
    make_workspace(soak.depot, spec)
    place = soak.place
    for area in ("metadata", "load_data_csv"):
        shutil.copytree(soak.depot / area, place.root / area)
    (place.root / "analysis").mkdir()
    place.config.parent.mkdir()
    text = render_config({}, pipeline="soak", negcon=False)
    arrival = f"arrival:\n  settle_seconds: {SETTLE_SECONDS}\n"
    place.config.write_text(text + arrival, encoding="utf-8")
    place.without_quality_control()
    write_home(soak.folder / "home")


def _deliver(soak: Soak) -> None:
    begun, told = time.monotonic(), 0.0
    for number, key in enumerate(soak.keys):
        time.sleep(max(0.0, begun + number * EVERY - time.monotonic()))
        for file in sorted((soak.depot / "analysis" / str(key)).rglob("*.csv")):
            target = soak.place.root / file.relative_to(soak.depot)
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f".{target.name}.part")
            part.write_bytes(file.read_bytes())
            part.replace(target)
        if time.monotonic() - told > _TOLD_EVERY:
            told = time.monotonic()
            done = made(soak.place, (LAST,))
            tell(f"soak: {number + 1} of {len(soak.keys)} plates delivered, {len(done)} finished")


def _expected(soak: Soak, names: Iterable[str]) -> Counter[tuple[str, str]]:
    return Counter((name, str(key)) for name in names for key in soak.keys)


def _is_done(soak: Soak) -> bool:
    if _expected(soak, [*STEPS, LAST]) - made(soak.place, (*STEPS, LAST)):
        return False
    with opened(soak.place) as instance:
        return not instance.get_runs(dg.RunsFilter(statuses=_GOING))


def _figures(soak: Soak, file: Path) -> dict[str, Any]:
    steps = made(soak.place, STEPS)
    chosen = made(soak.place, (LAST,))
    batches = made(soak.place, BATCH_STEPS)
    with opened(soak.place) as instance:
        records = instance.get_run_records()
    statuses = Counter(record.dagster_run.status.value for record in records)
    last = max((record.end_time or 0.0 for record in records), default=0.0)
    looks = samples(file)
    return {
        "minutes": soak.minutes,
        "plates": len(soak.keys),
        "every_seconds": EVERY,
        "runs": dict(statuses),
        "missing": len(_expected(soak, STEPS) - steps) + len(_expected(soak, [LAST]) - chosen),
        "twice": len(steps - _expected(soak, STEPS)),
        "results": steps.total() + chosen.total() + batches.total(),
        "event_log_mb": round(
            sum(path.stat().st_size for path in soak.place.home.rglob("*") if path.is_file()) / 1e6,
            1,
        ),
        "latencies": latencies(looks),
        "afterwards": latencies([look for look in looks if look["at"] > last]),
        "memory": memory(looks),
        "failures": failures(looks),
        "leaks": leaks(looks),
        "leftovers": soak.place.leftovers(),
    }
