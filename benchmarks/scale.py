"""What thousands of registered plates cost: code location, sensors, automation, pages, backfill.

Put here: the order of what is measured on a real web server and daemon, and the printed table.
Do not put here: the workspace (`scale_workspace`), asking the server (`scale_ui`).
`python -m benchmarks.scale [--plates 5000] [--batches 200] [--folder F] [--output FILE]`; with
`--without-history` no event log is filled, and automation has nothing to look back at.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.machine import machine
from benchmarks.scale_ui import PAGES, RELOAD, UI
from benchmarks.scale_workspace import batch_names, make_many, plate_keys, remember

HERE = Path(__file__).parent
LAUNCH = """mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
BACKFILL = """{ partitionBackfillOrError(backfillId: "%s") { ... on PartitionBackfill {
  status numPartitions error { message } } } }"""
CANCEL = """mutation { cancelPartitionBackfill(backfillId: "%s") { __typename } }"""
COUNT = """{ runsOrError { ... on Runs { count } } }"""
LOCATION = """
import json, resource, time
import dagster
begun = time.process_time()
import profiling_assets.definitions as module
repository = module.defs.get_repository_def()
loaded = time.process_time() - begun
print(json.dumps([loaded, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""
REPORTS = "new_analysis_output"
AUTOMATION = "automation"


class Scale:
    """The measurements, and what they found.

    Parameters
    ----------
    folder : pathlib.Path
        Where workspace and event log are made.
    plates, batches : int
        How many.
    """

    def __init__(self, folder: Path, plates: int, batches: int) -> None:
        self.plates, self.batches = plates, batches
        self.workspace = folder / f"plates{plates}"
        self.config = self.workspace / "config_files/config.yml"
        self.home = folder / f"home{plates}"
        self.log = folder / f"ui{plates}.log"
        self.environment = {
            **os.environ,
            "DAGSTER_HOME": str(self.home),
            "PROFILING_ASSETS_WORKSPACE": str(self.workspace),
            "PROFILING_ASSETS_CONFIG": str(self.config),
            "PYTHONPATH": str(HERE.parent),
        }
        self.found: dict[str, Any] = {}

    def tell(self, name: str, **figures: object) -> None:
        """Keep figures and print them."""
        rounded = {k: round(v, 2) if isinstance(v, float) else v for k, v in figures.items()}
        self.found[name] = rounded
        print(f"{name:42} " + ", ".join(f"{k} {v}" for k, v in rounded.items()), flush=True)

    def command(self, *words: str) -> None:
        """Run a command of ours and tell its wall and CPU seconds and its peak memory."""
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "profiling_assets", *words],
            env=self.environment,
            stdout=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.tell(
            f"command: {words[0]}",
            exit=process.returncode,
            wall_s=time.perf_counter() - begun,
            cpu_s=used.ru_utime + used.ru_stime,
            MiB=used.ru_maxrss / 1024,
        )

    def commands(self) -> None:
        """Make the workspace; look at it from the command line."""
        make_many(self.workspace, self.plates, self.batches)
        if not self.config.exists():
            self.command("init-config", str(self.workspace))
        places = (str(self.workspace), "--config", str(self.config))
        self.command("scan", *places, "--quick")
        self.command("check", "--workspace", places[0], *places[1:])
        registry = self.workspace / ".profiling_assets/plates.json"
        self.tell("registry", bytes=registry.stat().st_size)
        answer = subprocess.run(
            [sys.executable, "-c", LOCATION],
            env=self.environment,
            capture_output=True,
            check=True,
            text=True,
        )
        seconds, peak = json.loads(answer.stdout)
        self.tell("code location", cpu_s=seconds, MiB=peak)

    def pages(self, ui: UI, when: str) -> None:
        """Ask what the pages ask, three times each; tell median and bytes."""
        asset, (plate,) = "normalized_profiles", plate_keys(1, 1)
        for name, query in PAGES.items():
            words = (asset, plate)[: query.count("%s")]
            text = query % words if words else query
            answers = [ui.ask(text) for _ in range(3)]
            self.tell(
                f"{when}: {name}",
                first_s=answers[0].seconds,
                median_s=sorted(answer.seconds for answer in answers)[1],
                kB=answers[0].bytes / 1000,
            )
        self.tell(f"{when}: memory, MiB", **ui.memory())

    def ticks(self, ui: UI, sensor: str, name: str, enough: Callable[[list[Any]], bool]) -> None:
        """Let a sensor tick until there is enough, and tell its ticks."""
        before = len(ui.ticks(sensor))
        ui.switch_on(sensor)
        ui.wait(lambda: enough(self._new(ui, sensor, before)), 3600, every=2)
        ticks = self._new(ui, sensor, before)
        seconds = [tick["endTimestamp"] - tick["timestamp"] for tick in reversed(ticks)]
        self.tell(
            name,
            ticks=len(ticks),
            first_s=seconds[0],
            longest_s=max(seconds),
            last_s=seconds[-1],
            runs=sum(len(tick["runIds"]) for tick in ticks),
            failed=sum(tick["status"] == "FAILURE" for tick in ticks),
        )
        ui.switch_off(sensor)

    def _new(self, ui: UI, sensor: str, before: int) -> list[dict[str, Any]]:
        ticks = ui.ticks(sensor)
        return ticks[: len(ticks) - before]

    def history(self) -> None:
        """Let the event log remember that all plates were made; those of the last batch are new."""
        import dagster as dg

        from profiling_assets.dagster.event_log import report_external
        from profiling_assets.settings import Settings
        from profiling_assets.steps.catalog import load_catalog
        from profiling_assets.steps.results import CSVS

        for name in ("PROFILING_ASSETS_WORKSPACE", "PROFILING_ASSETS_CONFIG", "DAGSTER_HOME"):
            os.environ[name] = self.environment[name]
        catalog = load_catalog(Settings.from_environment(os.environ))
        batches = batch_names(self.batches - 1)
        each = self.plates // self.batches
        plates = plate_keys(self.batches - 1, each)
        new = plate_keys(self.batches, each)[-each:]
        keys = {"plate": plates, "batch": batches, "all": []}
        made = {
            name: keys[result.level] for name, result in catalog.results.items() if result.performs
        }
        begun = time.perf_counter()
        with dg.DagsterInstance.get() as instance:
            events = remember(instance, made)
            report_external(instance, CSVS, dict.fromkeys(new, "complete"))
        size = sum(file.stat().st_size for file in self.home.rglob("*.db"))
        self.tell(
            "history", events=events, wall_s=time.perf_counter() - begun, database_MB=size / 1e6
        )

    def backfill(self, ui: UI, seconds: float) -> None:
        """Launch a backfill of every plate, see how fast runs are queued, and cancel it."""
        plates = plate_keys(self.batches, self.plates // self.batches)
        assets = [{"path": ["annotated_profiles"]}, {"path": ["normalized_profiles"]}]
        runs = ui.ask(COUNT).data["runsOrError"]["count"]
        launched = ui.ask(LAUNCH, p={"assetSelection": assets, "partitionNames": plates})
        answer = launched.data["launchPartitionBackfill"]
        begun, asked = time.perf_counter(), [0.0]

        def queued() -> bool:
            answer = ui.ask(COUNT)
            asked.append(answer.seconds)
            new = answer.data["runsOrError"]["count"] - runs
            return new >= len(plates) or time.perf_counter() - begun > seconds

        ui.wait(queued, seconds + 120, every=2)
        took = time.perf_counter() - begun
        new = ui.ask(COUNT).data["runsOrError"]["count"] - runs
        self.tell(
            "backfill of every plate",
            launched_s=launched.seconds,
            queued=new,
            wall_s=took,
            queued_a_s=new / took,
            longest_answer_meanwhile_s=max(asked),
        )
        self.pages(ui, "while it queues")
        begun = time.perf_counter()
        ui.ask(CANCEL % answer["backfillId"])

        def ended() -> bool:
            found = ui.ask(BACKFILL % answer["backfillId"]).data["partitionBackfillOrError"]
            return found["status"] in {"CANCELED", "FAILED", "COMPLETED_FAILED"}

        ui.wait(ended, 3600, every=2)
        self.tell("cancelled", wall_s=time.perf_counter() - begun)


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plates", type=int, default=5000)
    parser.add_argument("--batches", type=int, default=200)
    parser.add_argument("--folder", type=Path, default=HERE / ".plates")
    parser.add_argument("--backfill-seconds", type=float, default=300.0)
    parser.add_argument("--without-history", action="store_true")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    folder = arguments.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    scale = Scale(folder, arguments.plates, arguments.batches)
    scale.home.mkdir(exist_ok=True)
    scale.tell("machine", load=os.getloadavg()[0])
    scale.commands()
    begun = time.perf_counter()
    ui = UI(scale.workspace, scale.config, scale.log, scale.environment)
    try:
        ui.wait_until_loaded(1800)
        scale.tell("ui: from the command to the graph", wall_s=time.perf_counter() - begun)
        reload = ui.ask(RELOAD)
        scale.tell("ui: reload of the code location", wall_s=reload.seconds)
        scale.pages(ui, "no history")
        scale.ticks(ui, REPORTS, "sensor on new output", lambda ticks: len(ticks) >= 6)
        if not arguments.without_history:
            scale.history()
            scale.pages(ui, "with history")
        requested = lambda ticks: len(ticks) >= 6  # noqa: E731 -- one line, used once
        scale.ticks(ui, AUTOMATION, "automation, one batch of plates is new", requested)
        scale.backfill(ui, arguments.backfill_seconds)
        scale.tell("end: memory, MiB", **ui.memory())
    finally:
        ui.stop()
        if arguments.output:
            figures = {"machine": machine(), "figures": scale.found}
            arguments.output.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
