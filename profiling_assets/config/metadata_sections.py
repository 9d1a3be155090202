"""The config's sections on metadata: `annotate`, with where they lie, and `controls`.

Put here: the keys by which plate maps and external metadata are found and joined, and by which
wells are controls.
Do not put here: the join (`profiles.joining`), what a query may be (`queries`).
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, cast

from pydantic import BeforeValidator, Field

from profiling_assets.config.queries import NEGATIVE, query_problem
from profiling_assets.config.types import (
    ADOPT,
    PERFORM,
    Columns,
    Complaint,
    Flag,
    OneOrMore,
    OptionalText,
    Section,
    Text,
    path_complaints,
)

_OFF = "name the column, or set annotate.external.perform: false"


class ExternalConfig(Section):
    """Further metadata of the perturbations, merged on one column or several."""

    perform: Flag = Field(default=True, description=PERFORM)
    file: OptionalText = Field(
        default=None,
        description="File in metadata/external_metadata, tab separated. Required while perform "
        "is true.",
    )
    merge_column: Columns = Field(
        default=None,
        description="Column that plate map and external metadata share, or a list of columns. "
        "Required while perform is true, unless left_on and right_on are there (pycytominer: "
        "external_join_on).",
    )
    left_on: Columns = Field(
        default=None,
        description="In place of merge_column, where the two call it differently: the column, or "
        "the list of columns, of the profiles.",
    )
    right_on: Columns = Field(
        default=None, description="Beside left_on: the columns of the file, in the same order."
    )

    @property
    def on(self) -> tuple[str, ...]:
        """The columns of the profiles to join on."""
        return _several(self.merge_column or self.left_on)

    @property
    def own(self) -> tuple[str, ...]:
        """The columns of the file to join on."""
        return _several(self.merge_column or self.right_on)

    def lacking(self) -> Iterator[Complaint]:
        """Yield what is lacking or cannot be meant where the table is to be joined."""
        if not self.file:
            yield (
                "file",
                "is missing while perform is true",
                "name the file, or set annotate.external.perform: false",
            )
        else:
            yield from path_complaints("file", self.file)
        if self.merge_column and (self.left_on or self.right_on):
            what = "is there beside left_on or right_on, which stand in its place"
            yield "merge_column", what, "keep one of them"
        elif not (self.merge_column or self.left_on or self.right_on):
            yield "merge_column", "is missing while perform is true", _OFF
        elif len(self.on) != len(self.own):
            what = f"names {len(self.own)} columns, and left_on names {len(self.on)}"
            yield "right_on", what, "name as many of the file as of the profiles"


def _several(names: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names or ()


def _listed(value: object) -> object:
    return (cast("object", value),) if isinstance(value, Mapping) else value


class BarcodeMapConfig(Section):
    """What `barcode_platemap.csv` calls its columns."""

    plate_column: Text = Field(
        default="Assay_Plate_Barcode", description="Column with the plate's name."
    )
    map_column: Text = Field(
        default="Plate_Map_Name", description="Column with the name of the plate's plate map."
    )
    further_columns: Flag = Field(
        default=True,
        description="Whether its further columns join the profiles as metadata of the plate, as "
        "Metadata_time_point; where the plate map has a column of that name, that one stays.",
    )

    def impossible(self) -> Iterator[Complaint]:
        """Name what cannot be meant."""
        if self.plate_column == self.map_column:
            yield "map_column", f"is {self.map_column}, as plate_column is", "name the other one"


class AnnotateConfig(Section):
    """How profiles get the plate map's columns."""

    perform: Flag = Field(default=True, description=ADOPT)
    well_column: Text = Field(
        default="Metadata_Well", description="Column of the aggregated profiles with the well."
    )
    barcode_platemap: BarcodeMapConfig = Field(
        default_factory=BarcodeMapConfig,
        description="The columns of barcode_platemap.csv (our own section).",
    )
    external: Annotated[tuple[ExternalConfig, ...], BeforeValidator(_listed), OneOrMore()] = Field(
        default=(),
        description="Further metadata of the perturbations: one section, or a list of such "
        "sections, each with its file and its columns, joined one after the other.",
    )

    def impossible(self) -> Iterator[Complaint]:
        """Name what cannot be meant."""
        for number, entry in enumerate(self.external, start=1):
            place = "external" if len(self.external) == 1 else f"external[{number}]"
            if self.perform and entry.perform:
                for key, what, remedy in entry.lacking():
                    yield f"{place}.{key}", what, remedy

    @property
    def externals(self) -> tuple[ExternalConfig, ...]:
        """The external metadata to join."""
        return tuple(entry for entry in self.external if entry.perform)


class ControlsConfig(Section):
    """Which wells are controls."""

    negative: Text = Field(
        default=NEGATIVE,
        description="The negative controls, as a pandas query over metadata columns: "
        "normalize_negcon is fitted on them, and they are drawn as negcon.",
    )
    positive: OptionalText = Field(
        default=None,
        description="The positive controls, as such a query: they are drawn as poscon. Without the "
        "key: what Metadata_control_type says.",
    )

    def impossible(self) -> Iterator[Complaint]:
        """Name what cannot be meant."""
        yield from control_complaints(self.negative, self.positive)


class BatchControlsConfig(Section):
    """Other controls for one batch."""

    negative: OptionalText = Field(
        default=None, description="As controls.negative, for this batch."
    )
    positive: OptionalText = Field(
        default=None, description="As controls.positive, for this batch."
    )

    def impossible(self) -> Iterator[Complaint]:
        """Name what cannot be meant."""
        yield from control_complaints(self.negative, self.positive)


def control_complaints(negative: str | None, positive: str | None) -> Iterator[Complaint]:
    """Yield what is wrong with the queries for controls."""
    for key, query in (("negative", negative), ("positive", positive)):
        problem = None if query is None else query_problem(query)
        if problem:
            yield key, problem, f"write a query such as {NEGATIVE}"
