"""A plate from its site folders to backend and profiles in one pass; a backend to profiles.

Put here: the order of things, and which sinks take part.
Do not put here: what a site is (`site`), writing (`sqlite_sink`, `parquet_sink`), means (`aggregate`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from profiling_assets.core.collate.aggregate import WellAggregator, split_by_stratum
from profiling_assets.core.collate.backend import Backend, ImageKey, open_backend
from profiling_assets.core.collate.column_types import ColumnTypes, TextColumns
from profiling_assets.core.collate.expected import ExpectedSites
from profiling_assets.core.collate.folders import IMAGE, SiteFolder
from profiling_assets.core.collate.options import AggregateOptions, CollateOptions
from profiling_assets.core.collate.result import AggregateResult, CollateResult
from profiling_assets.core.collate.strata import Stratum
from profiling_assets.core.collate.survey import Survey, survey_headers
from profiling_assets.core.errors import InvalidInputError
from profiling_assets.core.names import PlateKey
from profiling_assets.core.sites import ExpectedSite
