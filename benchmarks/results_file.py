"""`results/latest.json`: what the last measurements on this machine gave.

Put here: adding figures to the file.
Do not put here: measuring, judging figures (`bench`).
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from machine import machine

LATEST = Path(__file__).resolve().parent / "results" / "latest.json"


def forget(subjects: Iterable[str]) -> None:
    """Take out what is about to be measured again."""
    going = set(subjects)
    if going:
        kept = {name: figures for name, figures in latest().items() if name not in going}
        LATEST.write_text(json.dumps(kept, indent=1) + "\n")


def latest() -> dict[str, Any]:
    """Return the figures there are."""
    return json.loads(LATEST.read_text()) if LATEST.exists() else {}


def add_figures(subject: str, figures: dict[str, Any]) -> None:
    """Put figures of a subject in the place of its earlier ones of the same names."""
    results = latest()
    results.setdefault(subject, {}).update(figures)
    results["machine"] = machine()
    LATEST.parent.mkdir(exist_ok=True)
    LATEST.write_text(json.dumps(results, indent=1) + "\n")
