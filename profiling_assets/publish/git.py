"""Running the git executable: no shell, no prompt, nobody's password in a message.

Put here: how git is called, and what its failure says.
Do not put here: which commands a clone needs (`clone`).
The executable and not a library: credential helpers, hooks, signing and Git LFS are the user's own,
and they work with nothing else.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from profiling_assets.errors import DataRepositoryError

# They would point git at another repository than the one named, or print what was sent.
_UNWANTED = re.compile(
    r"GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX|NAMESPACE|COMMON_DIR|OBJECT_DIRECTORY|"
    r"ALTERNATE_OBJECT_DIRECTORIES|LITERAL_PATHSPECS|GLOB_PATHSPECS|NOGLOB_PATHSPECS|"
    r"ICASE_PATHSPECS|TRACE.*|CURL_VERBOSE)"
)
_CREDENTIALS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^\s/]+@")
_SHOWN_LINES = 12

_TROUBLES = (
    (
        re.compile(
            r"could not read (Username|Password)|Authentication failed|Permission denied \(|"
            r"terminal prompts disabled|error: 40[13]",
            re.IGNORECASE,
        ),
        "git cannot sign in",
        "set up a credential helper or an SSH key, until `git push` works without a question",
    ),
    (
        re.compile(
            r"Could not resolve host|Connection (refused|timed out|reset)|unable to access",
            re.IGNORECASE,
        ),
        "the remote cannot be reached",
        "check the network and the remote's address (`git remote -v` in the clone)",
    ),
    (
        re.compile(r"dubious ownership", re.IGNORECASE),
        "git does not trust the clone, as another user owns it",
        "work in a clone of your own, or do what git says",
    ),
    (
        re.compile(r"index\.lock|\.lock': File exists", re.IGNORECASE),
        "another git process is at work in the clone, or was killed there",
        "wait for it; where none is running, remove the lock file that git names",
    ),
)


@dataclass(frozen=True)
class Ran:
    """What a call of git left: exit code and bytes."""

    code: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        """What it printed, without the line end."""
        return os.fsdecode(self.out).rstrip("\n")

    @property
    def items(self) -> list[str]:
        """What it printed with `-z`."""
        return [os.fsdecode(item) for item in self.out.split(b"\0") if item]

    @property
    def said(self) -> str:
        """Its messages, without credentials; the last lines of long ones."""
        lines = redacted(os.fsdecode(self.err + b"\n" + self.out)).splitlines()
        told = [line.rstrip() for line in lines if line.strip()]
        return "\n".join(f"  {line}" for line in told[-_SHOWN_LINES:])


@dataclass(frozen=True)
class Git:
    """The executable, in one folder."""

    executable: str
    folder: Path

    def try_(self, *words: str, stdin: Iterable[str] = ()) -> Ran:
        """Run a git command, whatever its exit code.

        `stdin`: paths that it reads, each ended by NUL. Raises `DataRepositoryError` where git
        cannot be started.
        """
        fed = b"".join(os.fsencode(item) + b"\0" for item in stdin)
        try:
            done = subprocess.run(  # noqa: S603 -- argument list, no shell
                [
                    *(self.executable, "-C", str(self.folder)),
                    "--no-pager",
                    # blanks and brackets mean themselves; check-ignore takes no patterns anyway
                    *(() if "check-ignore" in words else ("--literal-pathspecs",)),
                    # bytes are published as they are, whatever the machine does to texts
                    *("-c", "core.autocrlf=false", "-c", "core.quotePath=false"),
                    *words,
                ],
                input=fed,
                capture_output=True,
                env=_environment(),
                check=False,
            )
        except OSError as error:
            raise DataRepositoryError(
                f"git cannot be started ({error.strerror})",
                path=str(self.folder),
                remedy="check that git works and that the folder is there",
            ) from error
        return Ran(done.returncode, done.stdout, done.stderr)

    def run(self, *words: str, stdin: Iterable[str] = (), remedy: str | None = None) -> Ran:
        """Run a git command that must succeed.

        `stdin`: paths that it reads, each ended by NUL. `remedy`: what to do where it fails for a
        reason that is not known here. Raises `DataRepositoryError` where it fails; with what git
        says.
        """
        done = self.try_(*words, stdin=stdin)
        if done.code != 0:
            raise self.failure(words, done, remedy)
        return done

    def failure(
        self, words: Iterable[str], done: Ran, remedy: str | None = None
    ) -> DataRepositoryError:
        """Return the error of a command that failed.

        `remedy`: what to do where the reason is not known here.
        """
        verb = next((word for word in words if not word.startswith("-")), "git")
        what = f"git {verb} failed"
        for pattern, trouble, help_ in _TROUBLES:
            if pattern.search(done.said):
                what, remedy = trouble, help_
                break
        return DataRepositoryError(
            f"{what}; git says:\n{done.said or '  nothing'}",
            path=str(self.folder),
            remedy=remedy or "mend what git says, then run again",
        )


def find_git(folder: Path) -> Git | None:
    """Return git for a folder; None where there is no git on this machine."""
    executable = shutil.which("git")
    return None if executable is None else Git(executable, folder)


def redacted(text: str) -> str:
    """Take user names, passwords and tokens out of the addresses in a text."""
    return _CREDENTIALS.sub(r"\1***@", text)


def _environment() -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not _UNWANTED.fullmatch(name)}
    # messages are read by this program; nobody sits there to answer a question
    return {**kept, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
