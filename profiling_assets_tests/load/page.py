"""The page that the load test writes, and what is wrong with its figures."""

import os
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, Template

from profiling_assets_tests.cli.web_ui import LONGEST_ANSWER
from profiling_assets_tests.load.figures import (
    MEMORY_MB,
    MEMORY_SHARE,
    MORE_FILES,
    MORE_TEMPORARY,
)
from profiling_assets_tests.load.homes import AT_ONCE

STAGES = ("sqlite", "postgres", "soak")

Found = dict[str, dict[str, Any]]


def problems(found: Found) -> list[str]:
    """Say what is not as promised, one sentence each."""
    wrong: list[str] = []
    for stage, figures in found.items():
        wrong += [f"{stage}: {text}" for text in _stage_problems(figures)]
    digests = {figures["digest"] for figures in found.values() if "digest" in figures}
    plates = {figures["plates"] for figures in found.values() if "digest" in figures}
    if len(digests) > 1 and len(plates) == 1:
        wrong.append("the results differ between the storages")
    return wrong


def _stage_problems(figures: dict[str, Any]) -> list[str]:
    wrong = [f"{figures['missing']} results are missing"] if figures["missing"] else []
    if not figures.get("interruptions"):
        if figures["twice"]:
            wrong.append(f"{figures['twice']} results were made twice")
        if set(figures["runs"]) != {"SUCCESS"}:
            wrong.append(f"runs ended otherwise: {figures['runs']}")
    if figures["leftovers"]:
        wrong.append(f"left over: {figures['leftovers'][:5]}")
    return [*wrong, *_unanswered(figures), *_leaking(figures)]


def _unanswered(figures: dict[str, Any]) -> list[str]:
    failed = figures["failures"]
    return [f"{len(failed)} looks failed, the first by {failed[0]}"] if failed else []


def _leaking(figures: dict[str, Any]) -> list[str]:
    rows = figures.get("leaks", {}).items()
    return [f"{role} grows: {row}" for role, row in rows if row["leak"]]


def write_page(page: Path, found: Found) -> None:
    """Write the figures for people."""
    backfills = [figures for figures in found.values() if "storage" in figures]
    comparable = len(backfills) > 1 and len({one["plates"] for one in backfills}) == 1
    template = Template(
        Path(__file__).with_name("load.md.jinja").read_text(encoding="utf-8"),
        undefined=StrictUndefined,
    )
    text = template.render(
        wrong=problems(found),
        undone=[stage for stage in STAGES if stage not in found],
        cores=os.cpu_count(),
        longest=LONGEST_ANSWER,
        at_once=AT_ONCE,
        backfills=backfills,
        same=len({one["digest"] for one in backfills}) == 1 if comparable else None,
        soak=found.get("soak"),
        limits={
            "mb": MEMORY_MB,
            "share": MEMORY_SHARE,
            "files": MORE_FILES,
            "temporary": MORE_TEMPORARY,
        },
    )
    page.write_text(text.strip() + "\n", encoding="utf-8")
