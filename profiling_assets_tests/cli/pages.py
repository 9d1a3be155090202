"""What the pages tell a reader to type, and what they say is printed then.

Put here: finding commands and quoted output in Markdown; comparing output with a quotation.
Do not put here: which commands are run (`exercises`), tests.
"""

import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "profiling-assets"
# first words of command lines in blocks that do not say their language
_WORDS = {
    *(PROGRAM, f".venv/bin/{PROGRAM}", "make", "git", "cp", "mv", "mkdir", "source", "pip"),
    *("aws", "dg", "sudo", "systemctl", "ssh", "docker", "curl", "dagster", "dagster-webserver"),
    *("celery", "journalctl", "psql", "pg_dump", "redis-cli", "export", "cd", "tar", "rsync"),
}
_SHELL = {"sh", "bash", "console"}
_LEFT_OUT = "…"
_BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>[\w{}-]*)\n(?P<text>.*?)^(?P=indent)```", re.M | re.S
)


@dataclass(frozen=True)
class Command:
    """A command line of a page; `output` is None where the page quotes none."""

    page: str
    line: int
    text: str
    output: str | None = None

    def __str__(self) -> str:
        """Name it as a failed test should."""
        return f"{self.page}:{self.line}: {self.text}"

    @property
    def words(self) -> list[str]:
        """The words of the line, without a remark."""
        return shlex.split(self.text, comments=True)

    @property
    def arguments(self) -> list[str] | None:
        """What follows the name of this program; None where the line calls another one."""
        words = self.words
        return words[1:] if words and Path(words[0]).name == PROGRAM else None


def pages() -> list[Path]:
    """Return the pages of the site, and of the folders that bring pages along."""
    found = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
    for folder in ("docs", "benchmarks", "deploy"):
        found += sorted((ROOT / folder).rglob("*.md"))
    return [page for page in found if page.relative_to(ROOT).parts[1:2] != (".peer",)]


def name_of(page: Path) -> str:
    """Return the path of a page in the repository."""
    return page.relative_to(ROOT).as_posix()


def commands(page: Path) -> Iterator[Command]:
    """Yield the command lines of a page's blocks, in order."""
    text = page.read_text(encoding="utf-8")
    for block in _BLOCK.finditer(text):
        first = text.count("\n", 0, block.start("text")) + 1
        language = block["language"]
        body = textwrap.dedent(block["text"])
        if language == "console":
            yield from _session(name_of(page), first, body)
        elif language in _SHELL or not language:
            for number, line in _logical_lines(body):
                word = line.split(maxsplit=1)[0]
                if language or word in _WORDS:
                    yield Command(name_of(page), first + number, line)


def files(page: Path) -> Iterator[tuple[str, str]]:
    """Yield the files of Python that a page shows, by the name in their first line."""
    for block in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        first, _, rest = textwrap.dedent(block["text"]).partition("\n")
        if block["language"] == "python" and re.fullmatch(r"# [a-z_]+\.py", first):
            yield first.removeprefix("# "), rest


def mentioned(page: Path) -> Iterator[Command]:
    """Yield the command lines of this program that stand within a sentence."""
    text = _BLOCK.sub(lambda block: "\n" * block[0].count("\n"), page.read_text(encoding="utf-8"))
    for found in re.finditer(rf"`((?:\.venv/bin/)?{PROGRAM} [^`]+)`", text):
        number = text.count("\n", 0, found.start()) + 1
        yield Command(name_of(page), number, found[1].replace("\n", " "))


def _session(page: str, first: int, body: str) -> Iterator[Command]:
    """Yield commands after `$`, each with the lines up to the next one as its output."""
    parts = re.split(r"^\$ ", body, flags=re.M)
    number = first + parts[0].count("\n")
    for part in parts[1:]:
        line, _, output = part.partition("\n")
        yield Command(page, number, line, output if output.strip() else None)
        number += part.count("\n")


def _logical_lines(body: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(body.replace("\\\n", " ").splitlines()):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.strip()


def is_quoted(output: str, printed: str) -> bool:
    """Say whether a page's output is what was printed.

    Parameters
    ----------
    output : str
        As on the page: a line `…` stands for any lines or none, `…` within a line for any text
        of that line.
    printed : str
        What the command printed.

    Returns
    -------
    bool
        Blanks at the ends of lines, and empty lines at the ends, do not count.
    """
    wanted = [
        r"(?:.*\n)*?"
        if line.strip() == _LEFT_OUT
        else ".*?".join(map(re.escape, line.rstrip().split(_LEFT_OUT))) + r"\n"
        for line in output.strip("\n").splitlines()
    ]
    seen = "".join(f"{line.rstrip()}\n" for line in printed.strip("\n").splitlines())
    return re.fullmatch("".join(wanted), seen) is not None
