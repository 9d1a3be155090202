"""A desk: one workspace, one config, one event log, and planning and building on them in process.

What is built here is what `run` and the UI build, without processes: the same definitions, the
same planner, one in-process run for each group of tasks.
"""

import contextlib
import os
import shutil
from collections.abc import Collection, Generator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from profiling_assets.config.template import render_config
from profiling_assets.dagster.build import build_defs
from profiling_assets.dagster.event_log import latest_records, records_in
from profiling_assets.dagster.runs.adopt import adopt, report_inputs
from profiling_assets.dagster.runs.runner import groups_of
from profiling_assets.settings import Settings
from profiling_assets.steps.catalog import Catalog, refreshed_catalog
from profiling_assets.steps.plan import Plan, Planner
from profiling_assets.workspace.names import PlateKey

BATCH1, BATCH2 = "2026_03_02_Batch1", "2026_03_09_Batch2"
P1, P2, P3 = f"{BATCH1}/000123", f"{BATCH1}/PL-01-x", f"{BATCH2}/000123"
PLATES = (P1, P2, P3)
BACKEND = ("sqlite_backend", "aggregated_profiles")
NORMALIZED = ("normalized_profiles", "normalized_negcon_profiles")
LISTS = ("selected_features_batch", "selected_features_negcon_batch")
SELECTED = ("feature_selected_profiles", "feature_selected_negcon_profiles")
STACKS = ("stacked_profiles", "gct", "stacked_negcon_profiles", "gct_negcon")
BATCH_ASSETS = (*LISTS, *STACKS)
PLATE_ASSETS = (*BACKEND, "annotated_profiles", *NORMALIZED, *SELECTED)


def config_text(changes: Mapping[str, Any], batches: Mapping[str, Collection[str]] = {}) -> str:
    """The handbook's config with some keys changed; a value of None takes the key out.

    Quality control is off: it draws pictures, and has tests of its own (`test_quality_control`).
    """
    changes = {"quality_control.perform": False, **changes}
    text = render_config({k: list(v) for k, v in batches.items()}, pipeline="test", negcon=True)
    first, *rest = [doc for doc in yaml.safe_load_all(text) if doc]
    for dotted, value in changes.items():
        *sections, key = dotted.split(".")
        section = first
        for name in sections:
            section = section.setdefault(name, {})
        if value is None:
            section.pop(key, None)
        else:
            section[key] = value
    return yaml.safe_dump_all([first, *rest], sort_keys=False)


def expected_tasks(names: Iterable[str], partitions: Iterable[str]) -> set[str]:
    """Each asset of each partition, as a plan's tasks print."""
    partitions = list(partitions)
    return {f"{name} of {partition}" for name in names for partition in partitions}


def everything() -> set[str]:
    """Every task of the handbook's config on the tiny workspace."""
    return expected_tasks(PLATE_ASSETS, PLATES) | expected_tasks(BATCH_ASSETS, (BATCH1, BATCH2))


@dataclass
class Desk:
    """A workspace's root, the folder of its event log, and a config file.

    `blank` is an empty event log to begin with: making one takes a second, copying one does not.
    """

    root: Path
    home: Path
    config: Path | None = None
    blank: Path | None = None

    def copied_to(self, folder: Path) -> "Desk":
        shutil.copytree(self.root, folder / "workspace")
        if self.home.exists():
            shutil.copytree(self.home, folder / "home")
        return Desk(folder / "workspace", folder / "home", self.config, self.blank)

    def without_records(self) -> "Desk":
        """The same workspace with an empty event log."""
        return Desk(self.root, self.home.with_name("another_home"), self.config, self.blank)

    def cut_down_to(self, folder: Path, *paths: str) -> "Desk":
        """A workspace with some of the files only, as if it had been published, nothing recorded.

        The plate maps are always there.
        """
        for path in ("metadata", *paths):
            source, target = self.root / path, folder / "workspace" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copy2(source, target)
        return Desk(folder / "workspace", folder / "home", self.config, self.blank)

    def configure(
        self, changes: Mapping[str, Any], batches: Mapping[str, Collection[str]] = {}
    ) -> None:
        self.config = self.root.parent / "config.yml"
        self.config.write_text(config_text(changes, batches), encoding="utf-8")

    @property
    def settings(self) -> Settings:
        return Settings(str(self.root), None if self.config is None else str(self.config))

    def catalog(self) -> Catalog:
        return refreshed_catalog(self.settings)[0]

    def definitions(self) -> dg.Definitions:
        self.catalog()  # brings the registry up to date, as `run` and `ui` do
        return build_defs(self.settings)

    @contextlib.contextmanager
    def instance(self) -> Generator[dg.DagsterInstance]:
        if not self.home.exists() and self.blank is not None:
            shutil.copytree(self.blank, self.home)
        self.home.mkdir(exist_ok=True)
        quiet = {
            "telemetry": {"enabled": False},
            "compute_logs": {
                "module": "dagster._core.storage.noop_compute_log_manager",
                "class": "NoOpComputeLogManager",
            },
        }
        with dg.DagsterInstance.local_temp(str(self.home), overrides=quiet) as instance:
            yield instance

    # -- planning

    def planner(self, *, force: bool = False) -> Planner:
        with self.instance() as instance:
            return Planner(self.catalog(), records_in(instance), force=force)

    def plan(
        self,
        plates: Iterable[str] | None = None,
        names: Collection[str] | None = None,
        *,
        force: bool = False,
    ) -> Plan:
        planner = self.planner(force=force)
        return planner.plan(self._keys(plates), names)

    def to_build(self, **arguments: Any) -> set[str]:
        return {str(task) for task in self.plan(**arguments).build}

    def _keys(self, plates: Iterable[str] | None) -> list[PlateKey]:
        if plates is None:
            return list(self.catalog().asked_for.plates)
        return [PlateKey.parse(plate) for plate in plates]

    # -- building

    def run(
        self,
        plates: Iterable[str] | None = None,
        names: Collection[str] | None = None,
        *,
        force: bool = False,
    ) -> Plan:
        """What `profiling-assets run` does: report inputs, adopt, build; the plan it followed."""
        catalog = self.catalog()
        keys = self._keys(plates)
        with self.instance() as instance:
            planner = Planner(catalog, records_in(instance), force=force)
            report_inputs(instance, planner, keys)
            plan = planner.plan(keys, names)
            adopt(instance, catalog, plan.adopt)
            job = build_defs(self.settings).resolve_implicit_global_asset_job_def()
            for group in groups_of(plan.build, dict(catalog.results)):
                done = job.execute_in_process(
                    instance=instance,
                    partition_key=group.partition,
                    asset_selection=[dg.AssetKey(task.name) for task in group.tasks],
                    tags={"profiling_assets/force": "true"} if force else None,
                )
                assert done.success
        return plan

    def materialize(
        self, names: Collection[str], partition: str, *, force: bool = False
    ) -> dg.ExecuteInProcessResult:
        """What *Materialize* in the UI does; a failure is in the result."""
        job = self.definitions().resolve_implicit_global_asset_job_def()
        with self.instance() as instance:
            return job.execute_in_process(
                instance=instance,
                partition_key=partition,
                asset_selection=[dg.AssetKey(name) for name in names],
                tags={"profiling_assets/force": "true"} if force else None,
                raise_on_error=False,
            )

    # -- looking

    def file(self, path: str) -> Path:
        return self.root / path

    def recorded(self, name: str, partition: str) -> Any:
        with self.instance() as instance:
            return latest_records(instance, name, [partition]).get(partition)

    def metadata(self, name: str, partition: str) -> dict[str, dg.MetadataValue]:
        with self.instance() as instance:
            page = instance.fetch_materializations(
                dg.AssetRecordsFilter(dg.AssetKey(name), asset_partitions=[partition]), limit=1
            )
        event = page.records[0].asset_materialization
        assert event is not None
        return dict(event.metadata)


def failure_text(result: dg.ExecuteInProcessResult) -> str:
    """The user's error of the one step that failed."""
    (failed,) = [e for e in result.all_events if e.event_type_value == "STEP_FAILURE"]
    error = failed.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    assert error is not None
    return error.message


def touch_later(file: Path) -> None:
    """Give a file another time of change than the one it has."""
    stat = file.stat()
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000_000))


def replaced(file: Path, old: str, new: str) -> None:
    """Edit a text file; the edit must hit."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
