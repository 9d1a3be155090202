"""One workspace built in steps, as a user would: a broken plate, mended, taken up again.

Each step's exit code, text and materializations are kept; `test_run_story` looks at them.
"""

from dataclasses import dataclass, field
from pathlib import Path

from profiling_assets.demo.presets import tiny_spec
from profiling_assets_tests.cli.commands import Done, Place, new_place
from profiling_assets_tests.cli.event_log import made, new_since

FIRST, SECOND = "2026_03_02_Batch1", "2026_03_09_Batch2"
GOOD, BAD, OTHER = f"{FIRST}/000123", f"{FIRST}/PL-01-x", f"{SECOND}/000123"
BARCODES = f"metadata/platemaps/{FIRST}/barcode_platemap.csv"


@dataclass(frozen=True)
class Step:
    """One command: what it said, what it made, which files stood after it, how many runs."""

    done: Done
    made: list[tuple[str, str]]
    files: set[str]


@dataclass(frozen=True)
class Story:
    """The workspace and the commands in order."""

    place: Place
    steps: dict[str, Step] = field(default_factory=dict[str, Step])


def tell(folder: Path) -> Story:
    """Build the workspace; every command is called from another folder, with relative paths."""
    place = new_place(folder / "work space", tiny_spec(), folder / "state of events")
    story = Story(place)
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    root = Path("..", folder.name, "work space")
    run = ("run", "--workspace", root, "--config", root / "config_files" / "config.yml")

    def step(name: str, *words: str | Path) -> None:
        before = made(place)
        done = place(*words, cwd=elsewhere)
        story.steps[name] = Step(done, new_since(before, place), place.files())

    barcodes = place.root / BARCODES
    whole = barcodes.read_bytes()
    barcodes.write_bytes(b"".join(line for line in whole.splitlines(True) if b"PL-01" not in line))
    step("init-config", "init-config", root)
    place.without_quality_control()
    step("one plate", *run, "--plate", GOOD)
    step("broken", *run)
    barcodes.write_bytes(whole)
    step("mended plate", *run, "--plate", "PL-01-x")
    step("mended", *run)
    step("again", *run)
    return story
