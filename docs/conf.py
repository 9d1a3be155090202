"""The documentation site: what `make docs` builds from the Markdown of this repository.

Put here: which pages are on the site, in which order, and how strict the build is.
Do not put here: text. The pages are plain Markdown that reads well in the repository too, so the
tables of contents, which only Sphinx understands, are added here while it reads them.
"""

import sys
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from profiling_assets import __version__  # noqa: E402

project = "profiling_assets"
copyright = ""  # noqa: A001
version = release = __version__

# the whole repository is the source, so that links between its pages are links on the site too
_FOLDERS = ("docs", "benchmarks", "deploy")
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    *(f"{folder}/**.md" for folder in _FOLDERS),
]
exclude_patterns = [
    *(entry.name for entry in ROOT.iterdir() if entry.is_dir() and entry.name not in _FOLDERS),
    "docs/_*",
    "benchmarks/.*",
]
root_doc = "docs/README"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
highlight_language = "text"

myst_heading_anchors = 4  # the anchors that GitHub makes
nitpicky = True  # a link that leads nowhere is a warning, and `make docs` fails of warnings

html_theme = "furo"
html_title = f"profiling_assets {version}"
html_static_path = ["_site"]
html_css_files = ["tables.css"]
html_additional_pages = {"index": "to_first_page.html"}
templates_path = ["_site"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_use_index = False

# a pattern may match nothing; a page that no pattern names makes the build fail
CONTENTS = {
    "docs/README": {
        "Start": ("../README.md",),
        "Tutorial": ("tutorial/*.md",),
        "How to": (
            *("tasks/new-batch.md", "tasks/*.md", "s3.md", "publish.md", "security.md"),
            "from-dagster.md",
            *("operations*.md", "estimate*.md", "sizing*.md", "../deploy/*.md", "../deploy/*/*.md"),
        ),
        "Reference": ("reference/*.md", "sources.md", "outputs.md", "checks.md", "environment.md"),
        "Explanation": (
            *("architecture.md", "differences.md", "decisions/README.md", "faults.md"),
            *("load*.md", "scale.md", "../benchmarks/README.md", "../CONTRIBUTING.md"),
            "../CHANGELOG.md",
        ),
    },
    "docs/decisions/README": {"": ("[a-z]*.md",)},
}


def add_contents(app: Sphinx, page: str, source: list[str]) -> None:
    """Append a page's tables of contents to its text."""
    del app
    folder = (ROOT / page).parent
    for caption, patterns in CONTENTS.get(page, {}).items():
        # each file once, though two patterns name it
        files = dict.fromkeys(file for pattern in patterns for file in _matching(folder, pattern))
        lines = ["```{toctree}", ":hidden:"]
        lines += [f":caption: {caption}"] if caption else []
        source[0] += "\n".join(["\n", *lines, "", *files, "```", ""])


def _matching(folder: Path, pattern: str) -> list[str]:
    up, _, rest = pattern.rpartition("../")
    start = folder.parent if up or pattern.startswith("../") else folder
    found = sorted(start.glob(rest))
    return [f"/{file.relative_to(ROOT).with_suffix('').as_posix()}" for file in found]


def setup(app: Sphinx) -> None:
    """Tell Sphinx of the tables of contents."""
    app.connect("source-read", add_contents)
