"""The notebooks of examples/ run as they stand, and say what they say there.

After an intended change: PROFILING_ASSETS_SNAPSHOTS=write pytest profiling_assets_tests -k
notebook, then look at the outputs.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
# in a process of its own: the libraries of notebooks warn of things that are not ours
_EXECUTE = """
import sys
import nbformat
from nbclient import NotebookClient

book = nbformat.read(sys.argv[1], as_version=4)
told = dict(book.metadata)
client = NotebookClient(
    book,
    timeout=300,
    kernel_name="python3",
    record_timing=False,
    resources={"metadata": {"path": sys.argv[2]}},
)
client.execute()
book.metadata = told  # without the version of the Python that ran it
nbformat.write(book, sys.argv[2] + "/executed.ipynb")
"""


def _texts(notebook: dict[str, Any]) -> list[list[str]]:
    """Return what each code cell prints and shows as text; pictures are only counted."""
    shown: list[list[str]] = []
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        outputs: list[str] = []
        for output in cell["outputs"]:
            assert output["output_type"] != "error", output
            data = output.get("data", {})
            outputs.append("".join(output.get("text") or data["text/plain"]))
            outputs += [kind for kind in data if kind.startswith("image/")]
        shown.append(outputs)
    return shown


@pytest.mark.integration
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_what_it_showed(path: Path, tmp_path: Path) -> None:
    # its files go where `tempfile` puts them
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    subprocess.run(
        [sys.executable, "-c", _EXECUTE, path, tmp_path],
        env={**environment, "IPYTHONDIR": str(tmp_path), "MPLCONFIGDIR": str(tmp_path)},
        check=True,
        timeout=300,
    )
    executed = (tmp_path / "executed.ipynb").read_text(encoding="utf-8")
    if os.environ.get("PROFILING_ASSETS_SNAPSHOTS") == "write":
        path.write_text(executed, encoding="utf-8")
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert _texts(json.loads(executed)) == _texts(kept)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_small_and_executed_in_order_and_names_no_place(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text) < 100_000
    code = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert any("image/png" in output.get("data", {}) for cell in code for output in cell["outputs"])
    assert re.findall(r"/(?:tmp|home|root|Users|work)\b[^\"\\]*", text) == []


def test_there_is_a_notebook() -> None:
    assert NOTEBOOKS
