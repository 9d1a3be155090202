"""Nothing but input and config decides what is made, in short; whole runs: `long_determinism`."""

import os
import subprocess
import sys
from pathlib import Path

from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import plate_spec
from profiling_assets_tests.dagster.desk import config_text
from profiling_assets_tests.faults.hostile_workspaces import KEY
from profiling_assets_tests.faults.long_determinism import HERE, THERE, backwards

_BUILD = """
import sys
from pathlib import Path
from profiling_assets.profiles.tables import ledger_tsv, profiles_csv
from profiling_assets_tests.faults.hostile_workspaces import made
root = Path(sys.argv[1])
result = made(root)
(root / "augmented.csv.gz").write_bytes(profiles_csv(result.frame, float_format="%.5g", gzip=True))
for path, frame in result.ledgers.items():
    (root / Path(path).name).write_bytes(ledger_tsv(frame))
"""


def _built(root: Path, variables: dict[str, str]) -> dict[str, bytes]:
    before = {path for path in root.rglob("*") if path.is_file()}
    environment = {**os.environ, **variables}
    subprocess.run([sys.executable, "-c", _BUILD, root], env=environment, check=True)
    made = {path for path in root.rglob("*") if path.is_file()} - before
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in made}


def test_order_of_files_zone_locale_hash_seed_threads_and_root_change_no_byte(
    tmp_path: Path,
) -> None:
    first, second = tmp_path / "workspace", tmp_path / "Zürich 'lab'" / "w"
    spec = plate_spec(12, 2, 5, 30, plates=(KEY.plate,), batch=KEY.batch)
    make_workspace(first, spec)
    (first / "config.yml").write_text(config_text({}), encoding="utf-8")
    backwards(first, second)
    made = _built(first, HERE)
    assert {Path(name).suffix for name in made} == {".sqlite", ".gz", ".tsv"}
    again = _built(second, THERE)
    assert sorted(again) == sorted(made)
    assert [name for name in made if again[name] != made[name]] == []
