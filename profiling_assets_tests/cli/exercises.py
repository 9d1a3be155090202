"""Which documented commands are run, on what, and which are not, each with its reason.

Put here: for each page what its words stand for, and the list of what cannot be run here.
Do not put here: finding commands (`pages`), running them (`test_documented_commands`).
A command that is new on a page is run by that page's exercise; on a page without one a test
fails until it is in `NOT_RUN`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from profiling_assets_tests.cli.pages import ROOT, Command

FIRST_TUTORIAL = "docs/tutorial/1-first-profiles.md"
SECOND_TUTORIAL = "docs/tutorial/2-your-own-plate.md"
TUTORIALS = (FIRST_TUTORIAL, SECOND_TUTORIAL)

_BATCH = "2026_03_02_Batch1"
_OTHER_BATCH = "2026_03_09_Batch2"


@dataclass(frozen=True)
class Exercise:
    """How the commands of one page are run, in order, each expected to succeed.

    Attributes
    ----------
    words : mapping of str to str
        What further words of the page stand for; put in before those of every page.
    new_config : bool
        Whether the page writes `config.yml`: it is taken away before.
    codes : mapping of str to int
        Part of a command to the exit code that is right for it.
    """

    words: Mapping[str, str] = field(default_factory=dict[str, str])
    new_config: bool = False
    codes: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True)
class NotRun:
    """Commands that no test of the documentation runs, and why."""

    pages: str
    command: str
    reason: str
    optional: bool = False

    def covers(self, command: Command) -> bool:
        """Say whether this is about a command."""
        return fnmatchcase(command.page, self.pages) and bool(re.match(self.command, command.text))


# Git LFS need not be installed where the tests run
_NO_LFS = {"init-data-repo DIR": "init-data-repo --no-lfs DIR"}
EXERCISES: dict[str, Exercise] = {
    "README.md": Exercise(words={**_NO_LFS, "CLONE": "clone"}, new_config=True),
    "docs/checks.md": Exercise(words={"FILE": "WORKSPACE/config_files/config.yml"}),
    "docs/environment.md": Exercise(),
    "docs/from-dagster.md": Exercise(words={"CLONE": f"'{ROOT}'"}),
    "docs/publish.md": Exercise(words={**_NO_LFS, "CLONE": "data"}),
    "docs/s3.md": Exercise(words={"FOLDER": "'work space'"}),
    "docs/tasks/cellprofiler-output.md": Exercise(
        words={
            "OUTPUT": f"'work space/analysis/{_BATCH}/PL-01-x'",
            "MAP": f"'work space/metadata/platemaps/{_BATCH}/platemap/DEMO-MAP-1.txt'",
            "NEW": "made",
        }
    ),
    "docs/tasks/compare-two-runs.md": Exercise(
        words={
            "diff A B": f"diff WORKSPACE/profiles/{_BATCH}/000123 WORKSPACE/profiles/{_OTHER_BATCH}"
        },
        codes={"diff": 1},
    ),
    "docs/tasks/exclude-a-well.md": Exercise(),
    "docs/tasks/frozen-features.md": Exercise(),
    "docs/tasks/incomplete-plate.md": Exercise(),
    "docs/tasks/many-plates.md": Exercise(),
    "docs/tasks/new-batch.md": Exercise(new_config=True),
    "docs/tasks/normalize-to-controls.md": Exercise(),
    "docs/tasks/odd-plate.md": Exercise(words={"OTHER": "000123"}, codes={"diff": 1}),
    "docs/tasks/on-s3.md": Exercise(words={"RESULTS": "results"}),
    "docs/tasks/plate-map-fix.md": Exercise(),
    "docs/tasks/second-batch.md": Exercise(words={"BATCH": _OTHER_BATCH}),
    "docs/tasks/share-with-a-paper.md": Exercise(words=_NO_LFS),
    "docs/tasks/take-a-plate-out.md": Exercise(),
}
ON_S3 = ("docs/s3.md", "docs/tasks/on-s3.md")
# those of `make test`; `make test-docs` runs the others too
QUICK = (
    "README.md",
    "docs/checks.md",
    "docs/from-dagster.md",
    "docs/publish.md",
    "docs/tasks/compare-two-runs.md",
    "docs/tasks/odd-plate.md",
)
WORDS_OF_EVERY_PAGE = {
    ".venv/bin/": "",
    "BATCH/PLATE": f"{_BATCH}/PL-01-x",
    "PLATE": "PL-01-x",
    "BATCH": _BATCH,
    "WORKSPACE": "'work space'",
    "DIR": "data",
    "URL": "../hub.git",
}

_SERVER = "a server: long_documentation.py and live_watch.py run it"
_ON_S3 = "half a minute on an S3 server; test_run_s3.py runs it"
NOT_RUN = (
    NotRun(FIRST_TUTORIAL, r"make setup|source ", "installs; the tests run in what it makes"),
    NotRun("README.md", r"make ", "installs, or is the whole of the tests; CI runs `make test`"),
    NotRun("README.md", r"\.venv/bin/profiling-assets ui", _SERVER),
    NotRun("CONTRIBUTING.md", r"make |pre-commit ", "installs, or is the whole of the tests"),
    NotRun("docs/s3.md", r"profiling-assets ui", _SERVER),
    NotRun("docs/tasks/new-batch.md", r"profiling-assets ui", _SERVER),
    NotRun("docs/s3.md", r"profiling-assets run --input 's3://cellp", "a public bucket of AWS"),
    NotRun("docs/s3.md", r"profiling-assets run --workspace s3:", _ON_S3),
    NotRun(
        "docs/publish.md",
        r"profiling-assets pu(blish|sh) s3:",
        "test_publish_s3.py publishes, docs/s3.md pushes",
    ),
    NotRun("docs/tasks/on-s3.md", r"profiling-assets run", _ON_S3),
    NotRun("deploy/*", r".", "machines, services and accounts of somebody else", optional=True),
    NotRun("docs/operations*", r".", "for the person on call: services of a host", optional=True),
    NotRun("docs/load*", r".", "takes hours: see `make bench`", optional=True),
    NotRun("docs/estimate*", r".", "has tests of its own", optional=True),
    NotRun("benchmarks/*", r".", "measures for minutes; `make bench`", optional=True),
)


def reason_not_to_run(command: Command) -> str | None:
    """Return why a command is not run; None where it is."""
    return next((entry.reason for entry in NOT_RUN if entry.covers(command)), None)


def filled_in(text: str, exercise: Exercise, words: Mapping[str, str] | None = None) -> str:
    """Put names in place of a page's words; what the page says of a word goes before."""
    own = {**(words or {}), **exercise.words}
    every = {word: name for word, name in WORDS_OF_EVERY_PAGE.items() if word not in own}
    for word, name in {**own, **every}.items():
        end = "(?![A-Za-z])" if word[-1].isalpha() else ""
        text = re.sub(rf"(?<![A-Za-z_]){re.escape(word)}{end}", name, text)
    return text
