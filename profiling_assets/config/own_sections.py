"""The config's sections that are ours: `collate`, `arrival`, and `options` with our `formats`.

Put here: how CellProfiler's CSVs become a backend, when a plate that is being delivered is started,
how files are written.
Do not put here: the recipe's steps (`sections`), what a query may be (`queries`), what the keys do
(`collate`).
"""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from profiling_assets.config.aggregation import COLLATE_CATEGORIES
from profiling_assets.config.queries import samples_complaints
from profiling_assets.config.types import (
    Complaint,
    Flag,
    Kind,
    Method,
    Name,
    OptionalText,
    Section,
    Text,
    TextList,
    listed_twice,
    path_complaints,
)
from profiling_assets.errors import H5AD, H5AD_REMEDY, h5ad_problem
from profiling_assets.workspace.completeness import ArrivalRules, CompleteWhen

_WHEN = "expected_sites or quiet_period"
_SPAN = "a number, 0 or more"
_MOST_DAYS = 366
_LONGEST_MINUTES = _MOST_DAYS * 24 * 60.0  # minutes
_FLOAT_FORMAT = re.compile(r"%(\.[0-9]{1,2})?[eEfFgG]")
When = Annotated[Literal["expected_sites", "quiet_period"], Kind(_WHEN)]
OptionalWhen = Annotated[Literal["expected_sites", "quiet_period"] | None, Kind(_WHEN)]
Span = Annotated[float, Field(ge=0, allow_inf_nan=False), Kind(_SPAN)]
OptionalSpan = Annotated[float | None, Field(ge=0, allow_inf_nan=False), Kind(_SPAN)]


class CollateConfig(Section):
    """How CellProfiler's CSVs become the backend and, unless `aggregate` is on, the profiles."""

    csv_dir: Text = Field(
        default="analysis",
        description="Folder below analysis/BATCH/PLATE that holds the site folders; `.` where they "
        "lie in the plate's own folder. Without `analysis`, one that holds them is looked for.",
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
        default=COLLATE_CATEGORIES,
        description="Categories of image features that join the profiles while aggregate.perform "
        "is false; the category Count sums the objects of each compartment.",
    )
    on_defective_site: Annotated[Literal["drop", "fail"], Kind("drop or fail")] = Field(
        default="drop",
        description="What to do with a site whose files are missing, truncated, empty or ragged: "
        "drop its objects and write the reason into the site ledger, or fail the plate.",
    )
    on_count_differs: Annotated[Literal["keep", "drop", "fail"], Kind("keep, drop or fail")] = (
        Field(
            default="keep",
            description="What to do with a site whose object tables have more or fewer rows than "
            "Image.csv counts objects (Count_Cells), as of a file that was cut between two lines: "
            "keep its objects and say so, drop them, or fail the plate.",
        )
    )
    on_repeated_site: Annotated[Literal["keep", "drop", "fail"], Kind("keep, drop or fail")] = (
        Field(
            default="keep",
            description="What to do with an Image row of a site that an earlier row has already: "
            "count both in the well and say so, keep the first, or fail the plate. Rows that "
            "differ in a column of aggregate.strata are of different sites.",
        )
    )
    split_plates: Flag = Field(
        default=False,
        description="Whether CSVs may hold several plates, as Metadata_Plate tells: a plate takes "
        "its own rows, and the others go into the site ledger.",
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


class BatchArrivalConfig(Section):
    """Other rules for one batch."""

    batch: Name = Field(description="The batch's name, verbatim.")
    complete_when: OptionalWhen = Field(
        default=None, description="As arrival.complete_when, for this batch."
    )
    quiet_minutes: OptionalSpan = Field(
        default=None, description="As arrival.quiet_minutes, for this batch."
    )
    settle_seconds: OptionalSpan = Field(
        default=None, description="As arrival.settle_seconds, for this batch."
    )

    def impossible(self) -> Iterator[Complaint]:
        """Name what cannot be meant."""
        yield from _too_long(self.quiet_minutes, self.settle_seconds)


class ArrivalConfig(Section):
    """When the sensor `new_analysis_output` starts a plate."""

    complete_when: When = Field(
        default="expected_sites",
        description="What makes a plate complete. expected_sites: every site of its load data has "
        "its folder with Image.csv and the tables that most of the plate's sites have; a plate "
        "without load data waits for the quiet period. quiet_period: nothing changed for "
        "quiet_minutes, whatever is missing.",
    )
    quiet_minutes: Span = Field(
        default=60.0, description="How long nothing may have changed for a quiet period."
    )
    settle_seconds: Span = Field(
        default=60.0,
        description="How long nothing may have changed on a plate with all its sites, as a site "
        "that is delivered again comes file by file.",
    )
    batches: tuple[BatchArrivalConfig, ...] = Field(
        default=(), description="Batches with other rules; what an entry leaves out is as above."
    )

    def rules(self, batch: str) -> ArrivalRules:
        """Return the rules of a batch's plates.

        Parameters
        ----------
        batch : str
            The batch's name.

        Returns
        -------
        ArrivalRules
            Those of its entry, else the section's.
        """
        own = next((entry for entry in self.batches if entry.batch == batch), None)
        when, minutes, seconds = self.complete_when, self.quiet_minutes, self.settle_seconds
        if own is not None:
            when = when if own.complete_when is None else own.complete_when
            minutes = minutes if own.quiet_minutes is None else own.quiet_minutes
            seconds = seconds if own.settle_seconds is None else own.settle_seconds
        return ArrivalRules(CompleteWhen(when), minutes, seconds)

    def impossible(self) -> Iterator[Complaint]:
        """Name what cannot be meant."""
        yield from _too_long(self.quiet_minutes, self.settle_seconds)
        first = dict[str, int]()
        for number, entry in enumerate(self.batches, start=1):
            earlier = first.setdefault(entry.batch, number)
            if earlier != number:
                what = f"is {entry.batch}, which batches[{earlier}] is already"
                yield f"batches[{number}].batch", what, "name a batch once"


def _too_long(minutes: float | None, seconds: float | None) -> Iterator[Complaint]:
    for key, value, longest in (
        ("quiet_minutes", minutes, _LONGEST_MINUTES),
        ("settle_seconds", seconds, 60 * _LONGEST_MINUTES),
    ):
        if value is not None and value > longest:
            yield key, f"is {value:g}, which is more than {_MOST_DAYS} days", "write a shorter time"


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
    add_batch: Flag = Field(
        default=False,
        description="Whether the annotated profiles, and all that are made of them, have a column "
        "Metadata_Batch.",
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
        yield from samples_complaints(self.samples)
        yield from listed_twice("formats", self.formats)
        if "csv.gz" not in self.formats:
            yield "formats", "does not list csv.gz, which the next step reads", "add csv.gz"
        lacking = h5ad_problem() if H5AD in self.formats else None
        if lacking:
            yield "formats", lacking, H5AD_REMEDY
