"""Objects to profiles: what `SingleCells.aggregate_profiles` of pycytominer computes, well by well.

Put here: means and medians, counts, and the order of a profile table.
Do not put here: reading CSVs or SQLite (`run`, `backend`), plate maps (`annotate`).
Reference: pycytominer 1.7.1, `cyto_utils/cells.py`, `cyto_utils/cp_image_features.py`,
`aggregate.py`. Each compartment is aggregated alone over the objects of a well's images; a well
needs objects in every one (inner merge). pandas computes, as there, so that results agree to the
last digits: its mean adds up with Kahan's compensation.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# ^ pandas ships partial types

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from profiling_assets.core.collate.block_spool import BlockSpool, Matrix
from profiling_assets.core.collate.csv_values import Value
from profiling_assets.core.collate.header import IMAGE_NUMBER, OBJECT_NUMBER, folded
from profiling_assets.core.collate.options import AggregateOptions
from profiling_assets.core.collate.profile_table import ProfileRow, ProfileTable
from profiling_assets.core.collate.result import AggregateResult
from profiling_assets.core.collate.strata import ImageColumns, Stratum
from profiling_assets.core.collate.well_tally import WellTally
