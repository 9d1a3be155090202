"""Following a run through its event log: lines, results, errors.

Put here: what a run's events say, in plain words.
Do not put here: what to do about it (`dagster.runs.runner`), where lines are written (`cli`).
"""

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime

import dagster as dg
from dagster import DagsterEventType, EventLogEntry

from profiling_assets.errors import ProfilingError

_PAGE = 500
_CANCELED = "the run was canceled"
_STEP_ENDS = (
    DagsterEventType.STEP_SUCCESS,
    DagsterEventType.STEP_FAILURE,
    DagsterEventType.STEP_UP_FOR_RETRY,
)


@dataclass(frozen=True)
class News:
    """What a run did since it was last looked at."""

    lines: tuple[str, ...] = ()
    materialized: tuple[str, ...] = ()
    finished: bool = False


@dataclass
class RunWatch:
    """Reads a run's events, each once."""

    instance: dg.DagsterInstance
    run_id: str
    # asset name to error text, of steps that failed
    failures: dict[str, str] = field(default_factory=dict)
    # asset name to reason, of outputs that were withheld
    withheld: dict[str, str] = field(default_factory=dict)
    # why the run as a whole failed, for assets that no step failure names
    run_failure: str = "its run ended without it"
    warnings: list[str] = field(default_factory=list)  # what its steps warned of, each once
    _cursor: str | None = None

    def news(self) -> News:
        """Return what is new."""
        run = self.instance.get_run_by_id(self.run_id)
        finished = run is None or run.is_finished
        lines: list[str] = []
        materialized: list[str] = []
        while True:
            page = self.instance.get_records_for_run(
                self.run_id, cursor=self._cursor, limit=_PAGE, ascending=True
            )
            for record in page.records:
                lines.append(_line(record.event_log_entry))
                name = self._noted(record.event_log_entry)
                if name is not None:
                    materialized.append(name)
            self._cursor = page.cursor
            if not page.has_more:
                break
        return News(tuple(lines), tuple(materialized), finished)

    def process_ids(self) -> set[int]:
        """Return the ids that the run's events name: of its own process and of its steps'."""
        found: set[int] = set()
        for entry in self.instance.all_logs(self.run_id):
            event = entry.dagster_event
            if event is None or event.event_type is not DagsterEventType.ENGINE_EVENT:
                continue
            value = event.engine_event_data.metadata.get("pid")
            if value is not None and str(value.value).isdigit():
                found.add(int(str(value.value)))
        return found

    def open_steps(self) -> set[str]:
        """Return the steps that have started and not ended."""
        begun, ended = set[str](), set[str]()
        for entry in self.instance.all_logs(self.run_id):
            event = entry.dagster_event
            if event is None or event.step_key is None:
                continue
            if event.event_type is DagsterEventType.STEP_START:
                begun.add(event.step_key)
            elif event.event_type in _STEP_ENDS:
                ended.add(event.step_key)
        return begun - ended

    def _noted(self, entry: EventLogEntry) -> str | None:
        event = entry.dagster_event
        if event is None:
            told = entry.level == logging.WARNING and entry.user_message not in self.warnings
            self.warnings += [entry.user_message] if told else []
            return None
        if event.event_type is DagsterEventType.ASSET_MATERIALIZATION:
            made = event.step_materialization_data.materialization
            reason = made.metadata.get("sqlite_withheld")
            if reason is not None:
                self.withheld["sqlite_backend"] = str(reason.value)
            return made.asset_key.to_user_string()
        if event.event_type is DagsterEventType.STEP_FAILURE:
            text = error_text(event)
            for name in self._assets_of_step(event.step_key):
                self.failures[name] = text
        elif event.event_type is DagsterEventType.RUN_FAILURE and event.message:
            self.run_failure = event.message
        elif event.event_type is DagsterEventType.RUN_CANCELED:
            self.run_failure = _CANCELED
        return None

    def _assets_of_step(self, step_key: str | None) -> list[str]:
        if step_key is None:
            return []
        # a step of a single asset has its name; collate makes several
        if step_key == "collate":
            return ["sqlite_backend", "parquet_backend", "aggregated_profiles"]
        return [step_key]


def error_text(event: dg.DagsterEvent) -> str:
    """Return what a failed step says to its user, without the name of the error's class.

    The outermost error of ours, which names file and remedy, whatever a library said below it (the
    log has that); of other errors the innermost.
    """
    error = event.step_failure_data.error
    if error is None:
        return event.message or "the step failed"
    chain = [error]
    while (below := chain[-1].cause) is not None:
        chain.append(below)
    ours = _error_names(ProfilingError)
    error = next((one for one in chain if one.cls_name in ours), chain[-1])
    if error.cls_name == dg.DagsterExecutionInterruptedError.__name__:
        return _CANCELED
    # the first line of a serialised error repeats the class's name and module
    text = error.message.strip()
    head, _, rest = text.partition(": ")
    if rest and head.rpartition(".")[2] == (error.cls_name or ""):
        return rest
    return text


def _error_names(kind: type[Exception]) -> frozenset[str]:
    below = (_error_names(one) for one in kind.__subclasses__())
    return frozenset({kind.__name__}).union(*below)


def _line(entry: EventLogEntry) -> str:
    when = datetime.fromtimestamp(entry.timestamp, tz=UTC).isoformat(timespec="seconds")
    step = f" {entry.step_key}" if entry.step_key else ""
    event = entry.dagster_event
    text = entry.user_message or (event.message if event is not None else "") or ""
    kind = event.event_type.value if event is not None else "LOG"
    lines = [f"{when}{step} {kind} {text}".rstrip()]
    if event is not None and event.event_type is DagsterEventType.STEP_FAILURE:
        error = event.step_failure_data.error
        if error is not None:
            lines.append(error.to_string())
    return "\n".join(lines)
