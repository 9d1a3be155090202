"""docs/reference is what the code says of config keys, commands and paths.

After an intended change: PROFILING_ASSETS_SNAPSHOTS=write pytest profiling_assets_tests -k
reference_page, then look at the diff of docs/reference.
"""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from profiling_assets.config.reference import known_keys
from profiling_assets.workspace import layout
from profiling_assets_tests.reference_pages import PAGES

FOLDER = Path(__file__).parents[1] / "docs" / "reference"


_MAKE = """
import sys
from profiling_assets_tests.reference_pages import PAGES
sys.stdout.buffer.write(PAGES[sys.argv[1]]().encode())
"""


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_page_is_what_the_code_says(name: str) -> None:
    # in a process of its own: click keeps what the first call of a command made of its help
    made = subprocess.run([sys.executable, "-c", _MAKE, name], capture_output=True, check=True)
    text = made.stdout.decode()
    if os.environ.get("PROFILING_ASSETS_SNAPSHOTS") == "write":
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / name).write_text(text, encoding="utf-8")
    assert (FOLDER / name).read_text(encoding="utf-8") == text


def test_no_reference_page_is_left_over() -> None:
    assert {file.name for file in FOLDER.iterdir()} == set(PAGES)


def test_the_pages_leave_out_no_key_and_no_function_of_the_layout() -> None:
    keys = PAGES["config.md"]()
    assert [
        key for key in known_keys() if keys.count(f"| `{key}` |") != known_keys().count(key)
    ] == []
    functions = [f for _, f in inspect.getmembers(layout, inspect.isfunction)]
    paths = PAGES["paths.md"]()
    own = [f for f in functions if f.__module__ == layout.__name__]
    assert paths.partition("## The layout")[2].partition("\n## ")[0].count("\n| ") == len(own)
