"""The config's sections that are ours: `config.own_sections`, and `options` with our `formats`.

Put here: how CellProfiler's CSVs become a backend, and how files are written.
Do not put here: the recipe's steps (`config.sections`), what the keys do (`core.collate`).
"""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from profiling_assets.config.samples import QUERY_EXAMPLE, query_problem
from profiling_assets.config.types import (
    Complaint,
    Flag,
    Kind,
    Method,
    OptionalText,
    Section,
    Text,
    TextList,
    listed_twice,
    path_complaints,
)
from profiling_assets.extras import H5AD, H5AD_REMEDY, h5ad_problem

# What pycytominer's collate command adds to the profiles when nothing else is asked for.
COLLATE_IMAGE_FEATURE_CATEGORIES = ("Granularity", "Texture", "ImageQuality", "Count", "Threshold")

_FLOAT_FORMAT = re.compile(r"%(\.[0-9]{1,2})?[eEfFgG]")


class CollateConfig(Section):
    """How CellProfiler's CSVs become the backend and, unless `aggregate` is on, the profiles."""

    csv_dir: Text = Field(
        default="analysis",
        description="Folder below analysis/BATCH/PLATE that holds the site folders; `.` where they "
        "lie in the plate's own folder.",
    )
    munge: Flag = Field(
        default=False,
        description="Whether each site folder holds one object.csv of all compartments, which is "
        "split into one table for each.",
    )
    column: OptionalText = Field(
        default=None,
        description="Column of Image.csv whose value becomes Metadata_Plate where Image.csv has no "
        "such column.",
    )
    engine: Annotated[
        Literal["native", "cytominer-database"], Kind("native or cytominer-database")
    ] = Field(
        default="native",
        description="Who builds the backend: this package, or cytominer-database and pycytominer, "
        "the slower reference, for whoever wants to compare.",
    )
    overwrite: Flag = Field(
        default=False,
        description="Whether a backend and an aggregated CSV that this package did not make may be "
        "replaced.",
    )
    aggregate_only: Flag = Field(
        default=False,
        description="Whether to read no CSV and aggregate the SQLite file that is there.",
    )
    backend: Annotated[Literal["sqlite", "parquet", "both"], Kind("sqlite, parquet or both")] = (
        Field(
            default="sqlite",
            description="Format of the single-cell tables. SQLite holds at most 2,000 columns in a "
            "table; Parquet has no such limit.",
        )
    )
    method: Method = Field(
        default="mean",
        description="How the cells of a well become one profile while aggregate.perform is false.",
    )
    image_feature_categories: TextList = Field(
        default=COLLATE_IMAGE_FEATURE_CATEGORIES,
        description="Categories of image features that join the profiles while aggregate.perform "
        "is false; the category Count sums the objects of each compartment.",
    )
    on_defective_site: Annotated[Literal["drop", "fail"], Kind("drop or fail")] = Field(
        default="drop",
        description="What to do with a site whose files are missing, truncated, empty or ragged: "
        "drop its objects and write the reason into the site ledger, or fail the plate.",
    )

    def impossible(self) -> Iterator[Complaint]:
        """Name what cannot be meant."""
        if self.csv_dir != ".":  # site folders directly in the plate's folder
            yield from path_complaints("csv_dir", self.csv_dir)
        yield from listed_twice("image_feature_categories", self.image_feature_categories)
        remedy = "set one of them to false"
        if self.aggregate_only and self.munge:
            yield "aggregate_only", "reads no CSV, and collate.munge asks to split one", remedy
        if self.aggregate_only and self.overwrite:
            what = "keeps the SQLite file, and collate.overwrite asks for a new one"
            yield "aggregate_only", what, remedy
        if self.engine == "cytominer-database" and self.backend != "sqlite":
            what = f"is {self.backend}, and cytominer-database writes only SQLite"
            yield "backend", what, "set backend: sqlite, or engine: native"


class OptionsConfig(Section):
    """How the files below profiles/ and gct/ are written."""

    compression: Annotated[Literal["gzip"] | None, Kind("gzip, or null for none")] = Field(
        default="gzip", description="Compression of the profiles' CSV files."
    )
    float_format: Annotated[str | None, Kind("text such as %.5g, or nothing", "verbatim")] = Field(
        default=None,
        description="Format of every number below profiles/ and gct/, as %.5g for five "
        "significant digits; nothing keeps full precision. backend/ is always at full precision.",
    )
    samples: Text = Field(
        default="all",
        description="Wells that normalization and feature selection are fitted on: all, or a "
        "pandas query over metadata columns. It narrows what min_cells and the negcon twins "
        "choose; every well stays in the output.",
    )
    formats: Annotated[
        tuple[Literal["csv.gz", "parquet", "h5ad"], ...],
        Kind("a list of csv.gz, parquet and h5ad"),
    ] = Field(
        default=("csv.gz",),
        description="File formats of the profiles: csv.gz always; parquet and h5ad (AnnData, by "
        "the extra `anndata`) beside it if listed.",
    )

    def impossible(self) -> Iterator[Complaint]:
        """Name what cannot be meant."""
        if self.float_format is not None and not _FLOAT_FORMAT.fullmatch(self.float_format):
            what = f"is {self.float_format!r}, which does not format a number"
            yield "float_format", what, "write %.5g for five significant digits"
        problem = None if self.samples == "all" else query_problem(self.samples)
        if problem:
            yield "samples", problem, f"write all, or a query such as {QUERY_EXAMPLE}"
        yield from listed_twice("formats", self.formats)
        if "csv.gz" not in self.formats:
            yield "formats", "does not list csv.gz, which the next step reads", "add csv.gz"
        lacking = h5ad_problem() if H5AD in self.formats else None
        if lacking:
            yield "formats", lacking, H5AD_REMEDY
