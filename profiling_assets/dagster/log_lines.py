"""Logs of runs as JSON, a line each, with batch, plate, step and run in every line.

Put here: what `python_logs` in `yaml` may name.
Do not put here: what is logged.
A run's lines are Dagster's events and what steps log; Dagster hands each to the handlers of
`yaml` with the run that it belongs to. Setting it up: docs/operations.md.
"""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from profiling_assets.errors import without_passwords

_PARTITION_TAG = "dagster/partition"


class JsonLines(logging.Formatter):
    """Turns a log record into a line of JSON; passwords in addresses are left out."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line; batch, plate, step and run are empty for a record of no run."""
        about: dict[str, Any] = getattr(record, "dagster_meta", None) or {}
        partition = (about.get("job_tags") or {}).get(_PARTITION_TAG, "")
        batch, _, plate = partition.partition("/")
        event = about.get("dagster_event")
        text = about.get("orig_message") or record.getMessage()
        line: dict[str, str] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "batch": batch,
            "plate": plate,
            "step": about.get("step_key") or "",
            "run_id": about.get("run_id") or "",
            "event": "" if event is None else event.event_type_value,
            "message": without_passwords(text),
        }
        error = getattr(getattr(event, "event_specific_data", None), "error", None)
        if error is not None:
            line["error"] = without_passwords(error.to_string())
        elif record.exc_info:
            line["error"] = without_passwords(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)
