"""Tables made elsewhere as Parquet, taken over as the CSV files that the next step reads.

Put here: a Parquet file to the table of a result, at full precision.
Do not put here: which file is taken over (`judge`, `sources`), reading it (`profiles`).
"""

from profiling_assets.config.model import Config
from profiling_assets.profiles.tables import profiles_csv, read_profiles
from profiling_assets.steps.checks import standing_checks
from profiling_assets.steps.numbers import well_facts
from profiling_assets.steps.outputs import TAKEN_OVER, TableOutput
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.storage.interface import Workspace


def taken_over(workspace: Workspace, config: Config, key: PlateKey, path: str) -> TableOutput:
    """Read a Parquet file of a plate's profiles.

    Raises `InvalidInputError` where it holds none.
    """
    frame = read_profiles(workspace.read_bytes(path), path=path)
    gzip = config.options.compression == "gzip"
    return TableOutput(
        frame,
        facts={TAKEN_OVER: path, **well_facts(frame, ())},
        checks=standing_checks(key, frame),
        unchanged=profiles_csv(frame, float_format=None, gzip=gzip),
    )
