"""Commands and quotations are found in Markdown, and what is quoted wrongly is seen."""

from pathlib import Path

import pytest

from profiling_assets_tests.cli import pages
from profiling_assets_tests.cli.exercises import Exercise, filled_in, reason_not_to_run
from profiling_assets_tests.cli.pages import Command, commands, is_quoted, mentioned

PAGE = """# A page

Call `profiling-assets config FILE` first.

```console
$ profiling-assets scan own
batch  plate
…
$ ls
```

1. In a list:

   ```sh
   # a remark
   git -C DIR \\
     status
   ```

```yaml
make: it
```

```
make demo    # known by its first word
A table of text
```
"""


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    (tmp_path / "page.md").write_text(PAGE, encoding="utf-8")
    return tmp_path / "page.md"


def test_commands_are_found_with_their_lines_and_output(page: Path) -> None:
    found = list(commands(page))
    assert [(command.line, command.words) for command in found] == [
        (6, ["profiling-assets", "scan", "own"]),
        (9, ["ls"]),
        (16, ["git", "-C", "DIR", "status"]),
        (25, ["make", "demo"]),
    ]
    assert [command.output for command in found] == ["batch  plate\n…\n", None, None, None]
    assert found[0].arguments == ["scan", "own"]
    assert found[1].arguments is None
    assert [command.words for command in mentioned(page)] == [
        ["profiling-assets", "config", "FILE"]
    ]


@pytest.mark.parametrize(
    ("output", "printed", "equal"),
    [
        ("a\nb\n", "a  \nb\n\n", True),
        ("a\nb", "a\nc\n", False),
        ("a\n…\nd", "a\nd\n", True),
        ("a\n…\nd", "a\nb\nc\nd\n", True),
        ("a\n…", "a\nb\nc\n", True),
        ("…\nd", "a\nd\ne\n", False),
        ("looked for … s", "looked for 0.1 s", True),
        ("looked for … s", "looked for 0.1\n s", False),
        ("a.c", "abc", False),
        ("a", "", False),
    ],
)
def test_a_quotation_is_compared_line_by_line(output: str, printed: str, *, equal: bool) -> None:
    assert is_quoted(output, printed) is equal


def test_words_of_a_page_are_filled_in_and_parts_of_words_are_not() -> None:
    text = ".venv/bin/profiling-assets run --plate PLATE WORKSPACE/BATCH_x/PLATE_y PLATEAU MY_BATCH"
    assert filled_in(text, Exercise(words={"PLATE": "p"})) == (
        "profiling-assets run --plate p 'work space'/2026_03_02_Batch1_x/p_y PLATEAU MY_BATCH"
    )


def test_a_command_that_nobody_listed_has_no_reason_not_to_be_run() -> None:
    assert reason_not_to_run(Command("docs/security.md", 1, "sudo reboot")) is None
    assert reason_not_to_run(Command("README.md", 1, "make demo")) is not None
