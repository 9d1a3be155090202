"""The load test's own arithmetic: a leak is found, a steady process is not one, a page says so."""

import json
from pathlib import Path
from typing import Any

from profiling_assets_tests.load.figures import failures, latencies, leaks, memory
from profiling_assets_tests.load.page import problems, write_page
from profiling_assets_tests.load.sampling import samples

MINUTES = 20


def looks(*, mb_a_minute: float = 0.0, files: int = 0, left: int = 0) -> list[dict[str, Any]]:
    """Looks at a daemon that grows by so much from minute to minute, after a warm-up."""
    return [
        {
            "at": 60.0 * minute,
            "seconds": {"ping": 0.01, "assets": 0.1 * minute},
            "held": {
                "daemon": {
                    "count": 1,
                    "memory": int(1e6 * (100 + min(minute, 4) * 10 + mb_a_minute * minute)),
                    "files": 20 + files * minute,
                }
            },
            "temporary": 4 + left * minute,
        }
        for minute in range(MINUTES + 1)
    ]


def figures(**more: Any) -> dict[str, Any]:
    """The figures of a backfill in which nothing was wrong, and what is to be otherwise."""
    found = looks()
    return {
        "storage": "SQLite",
        "plates": 20,
        "runs": {"SUCCESS": 21},
        "results": 81,
        "missing": 0,
        "twice": 0,
        "seconds": 90.0,
        "run_seconds_median": 1.5,
        "run_seconds_max": 3.0,
        "runs_at_once": 4,
        "interruptions": 0,
        "latencies": latencies(found),
        "afterwards": {},
        "memory": memory(found),
        "failures": [],
        "digest": "0",
        "leftovers": [],
        **more,
    }


def leaking(found: list[dict[str, Any]]) -> set[str]:
    return {role for role, row in leaks(found).items() if row["leak"]}


def test_what_grows_only_while_it_warms_up_is_no_leak() -> None:
    assert leaking(looks()) == set()


def test_memory_and_open_files_and_temporary_files_that_grow_on_are_leaks() -> None:
    assert leaking(looks(mb_a_minute=5)) == {"daemon"}
    assert leaking(looks(files=2)) == {"daemon"}
    assert leaking(looks(left=2)) == {"temporary files"}


def test_latencies_are_counted_a_page() -> None:
    row = latencies(looks())["assets"]
    assert row == {"asked": 21, "median": 1.0, "p95": 1.9, "max": 2.0}


def test_a_daemon_that_is_not_well_and_a_query_without_answer_are_failures() -> None:
    found = [{"failed": ["assets: TimeoutError()"]}, {"sick": ["SENSOR"]}, {}]
    assert failures(found) == ["assets: TimeoutError()", "SENSOR not well"]


def test_a_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "looks.jsonl"
    file.write_text(json.dumps({"at": 1.0}) + '\n{"at": 2.')
    assert samples(file) == [{"at": 1.0}]


def test_what_is_lost_or_made_twice_or_differs_is_a_problem() -> None:
    assert problems({"sqlite": figures(), "postgres": figures()}) == []
    for wrong in (
        {"missing": 1},
        {"twice": 1},
        {"runs": {"SUCCESS": 20, "FAILURE": 1}},
        {"failures": ["SENSOR not well"]},
        {"leftovers": ["a.part"]},
        {"digest": "1"},
    ):
        assert len(problems({"sqlite": figures(), "postgres": figures(**wrong)})) == 1, wrong


def test_after_an_interruption_a_run_may_have_failed_and_a_result_may_be_made_again() -> None:
    again = figures(interruptions=1, twice=3, runs={"SUCCESS": 24, "FAILURE": 3})
    assert problems({"sqlite": again}) == []
    assert problems({"sqlite": {**again, "missing": 1}}) != []


def test_the_page_holds_the_figures_and_the_verdict(tmp_path: Path) -> None:
    page = tmp_path / "load.md"
    soak = figures(minutes=20.0, every_seconds=30.0, event_log_mb=7.5, leaks=leaks(looks(files=2)))
    del soak["storage"], soak["digest"]
    write_page(page, {"sqlite": figures(), "soak": soak})
    text = page.read_text()
    assert (
        "| SQLite | 20 | 21 success | 81 | 0 | 0 | 4 | 1.5 min | 1.5 s, 3.0 s | 0 times |" in text
    )
    assert "- soak: daemon grows" in text
    assert "{" not in text.replace("{'memory", "")
    write_page(page, {"sqlite": figures()})
    assert "Everything is as promised. Not measured yet: postgres, soak." in page.read_text()
    assert "Soak" not in page.read_text()
