"""`make test-load`: the stages one after the other; one that is done is not done again.

A stage keeps what it needs to go on, and its result, in the state folder. Ctrl-C stops it in an
orderly way; the next start goes on.
"""

import argparse
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from profiling_assets_tests.load.backfills import Ground, backfilled, tell, write_result
from profiling_assets_tests.load.page import STAGES, problems, write_page
from profiling_assets_tests.load.soak import Soak, soaked


def main() -> int:
    """Do what is not done, write the page."""
    parser = argparse.ArgumentParser(prog="make test-load")
    parser.add_argument("--page", type=Path, help="the page that is written at the end")
    chosen = parser.parse_args()
    environment = os.environ
    state = Path(environment.get("PROFILING_ASSETS_LOAD_STATE", ".load")).resolve()
    plates = int(environment.get("PROFILING_ASSETS_LOAD_PLATES", "500"))
    minutes = float(environment.get("PROFILING_ASSETS_LOAD_MINUTES", "20"))
    stages = environment.get("PROFILING_ASSETS_LOAD_STAGES", ",".join(STAGES)).split(",")
    if unknown := set(stages) - set(STAGES):
        parser.error(f"no such stages: {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped; the next start goes on"))
    state.mkdir(parents=True, exist_ok=True)
    for stage in STAGES:
        file = state / f"{stage}.json"
        if stage not in stages:
            continue
        if file.exists():
            tell(f"{stage}: done before, see {file}")
            continue
        if stage == "soak":
            figures = soaked(Soak(state / stage, minutes))
        else:
            figures = backfilled(Ground(state / stage, plates, stage == "postgres"))
        write_result(file, figures)
    found = results(state)
    if chosen.page is not None and found:
        write_page(chosen.page, found)
    wrong = problems(found)
    for problem in wrong:
        tell(f"PROBLEM {problem}")
    return 1 if wrong else 0


def results(state: Path) -> dict[str, dict[str, Any]]:
    """Return the results of the stages that are done."""
    files = {stage: state / f"{stage}.json" for stage in STAGES}
    return {stage: json.loads(file.read_text()) for stage, file in files.items() if file.exists()}


if __name__ == "__main__":
    sys.exit(main())
