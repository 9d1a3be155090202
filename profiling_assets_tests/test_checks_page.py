"""docs/checks.md names every rule and every check, and no other."""

import re
from pathlib import Path

from profiling_assets.quality.checks import files, rows, values
from profiling_assets.quality.preflight.rule_names import RULE_NAMES

PAGE = Path(__file__).parents[1] / "docs" / "checks.md"


def _first_cells(section: str) -> list[str]:
    text = PAGE.read_text(encoding="utf-8").partition(section)[2].partition("\n## ")[0]
    return re.findall(r"^\| `([a-z_]+)` \|", text, re.MULTILINE)


def test_the_page_lists_the_rules_of_preflight_in_their_order() -> None:
    assert _first_cells("## Before a run") == [rule.name for rule in RULE_NAMES]


def test_the_page_lists_the_checks_of_what_was_made() -> None:
    assert _first_cells("## Of what was made") == [
        rows.ROWS,
        files.COUNTS,
        rows.LOST,
        rows.PLATE,
        rows.WELLS,
        rows.MEASURED,
        values.INFINITE,
        values.MISSING,
        values.CONTROLS,
        rows.SCHEMA,
        files.GCT,
        values.DRAWN,
        values.LINES,
    ]


def test_the_page_says_how_much_may_be_missing() -> None:
    assert f"more than {values.MUCH_MISSING:.0%}".replace("%", " %") in PAGE.read_text("utf-8")
