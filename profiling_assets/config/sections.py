"""The recipe's own sections of the config file: aggregate, annotate, normalize, feature_select.

Put here: the keys of each step of the recipe, their types, defaults and meaning.
Do not put here: what the steps do, our own sections (`own_sections`), the file as a whole
(`model`).
Keys and words are those of cytomining/profiling-recipe (config_template.yml and its README).
"""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from profiling_assets.config.types import (
    Complaint,
    Features,
    Flag,
    Kind,
    Method,
    MinCells,
    OptionalText,
    Section,
    Text,
    TextList,
    list_complaints,
    listed_twice,
    path_complaints,
)

PERFORM = "Whether to perform this step; a section that is absent is switched off."
_ADOPT = f"{PERFORM} While it is off, later steps read the file that is there."
OPERATIONS = (
    "variance_threshold",
    "frequency_threshold",
    "correlation_threshold",
    "drop_na_columns",
    "blocklist",
    "drop_outliers",
)
DEFAULT_OPERATIONS = ("variance_threshold", "correlation_threshold", "drop_na_columns", "blocklist")

# pycytominer has it, and the recipe's vocabulary has no keys for what it needs.
_NO_KEYS = "noise_removal"


def _known_operations(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in (*OPERATIONS, _NO_KEYS):
            near = get_close_matches(name, OPERATIONS, n=1)
            rest = f"did you mean {near[0]}?" if near else f"known: {', '.join(OPERATIONS)}"
            raise PydanticCustomError(
                "operation", "{name} is not an operation; {rest}", {"name": name, "rest": rest}
            )
    return names


Fields = Annotated[
    Literal["all"] | tuple[int, ...], Kind("all, or a list of site numbers as [1, 4, 9]")
]
FudgeFactor = Annotated[float, Field(ge=0, allow_inf_nan=False), Kind("a number, 0 or more")]
NormalizeMethod = Annotated[
    Literal["standardize", "robustize", "mad_robustize", "spherize", "inverse_normal"],
    Kind("one of standardize, robustize, mad_robustize, spherize, inverse_normal"),
]
Operations = Annotated[
    tuple[str, ...],
    Kind(f"a list of {', '.join(OPERATIONS)}", "verbatim"),
    AfterValidator(_known_operations),
]
Level = Annotated[Literal["plate", "batch", "all"], Kind("plate, batch or all")]


class AggregateConfig(Section):
    """How single cells become one profile for each well."""

    perform: Flag = Field(
        default=True,
        description="Whether this section rules the aggregate; a section that is absent is "
        "switched off. The handbook says false: collate has already aggregated, as its own "
        "section says, or PLATE.csv is there.",
    )
    plate_column: Text = Field(
        default="Metadata_Plate", description="Column of Image.csv with the plate's name."
    )
    well_column: Text = Field(
        default="Metadata_Well", description="Column of Image.csv with the well's name."
    )
    site_column: OptionalText = Field(
        default=None,
        description="Column of Image.csv with the site: with it, one profile for each site "
        "instead of one for each well.",
    )
    strata: TextList = Field(
        default=(),
        description="Further columns of Image.csv that split a well, as Metadata_T: one profile "
        "for each well and time point.",
    )
    method: Method = Field(default="median", description="How the cells become one profile.")
    fields: Fields = Field(default="all", description="The sites to aggregate (Metadata_Site).")
    object_feature: OptionalText = Field(
        default=None,
        description="Object column whose values are counted for Metadata_Object_Count; without "
        "the key the objects are counted.",
    )
    image_feature_categories: TextList = Field(
        default=(),
        description="Categories of image features that join the profiles, as Count and "
        "Intensity; Count sums the objects of each compartment. Without the key: none.",
    )

    def impossible(self) -> Iterator[Complaint]:
        """Name what cannot be meant."""
        if not self.perform:
            return
        yield from listed_twice("image_feature_categories", self.image_feature_categories)
        yield from listed_twice("fields", self.fields)
        if self.fields == ():
            yield "fields", "is empty, which leaves no site", "write all, or the sites to keep"
        if self.plate_column == self.well_column:
            yield "well_column", f"is {self.well_column}, as plate_column is", "name the well's"
        if self.site_column in {self.plate_column, self.well_column}:
            what = f"is {self.site_column}, which is the column of plate or well"
            remedy = "name the site's column, or leave the key out for one profile a well"
            yield "site_column", what, remedy
        yield from listed_twice("strata", self.strata)
        for name in {self.plate_column, self.well_column, self.site_column} & {*self.strata}:
            what = f"lists {name}, which is the column of plate, well or site"
            yield "strata", what, "take it out: rows are split by it already"


class ExternalConfig(Section):
    """Further metadata of the perturbations, merged on one column."""

    perform: Flag = Field(default=True, description=PERFORM)
    file: OptionalText = Field(
        default=None,
        description="File in metadata/external_metadata, tab separated. Required while perform "
        "is true.",
    )
    merge_column: OptionalText = Field(
        default=None,
        description="Column that plate map and external metadata share. Required while perform "
        "is true.",
    )


class AnnotateConfig(Section):
    """How profiles get the plate map's columns."""

    perform: Flag = Field(default=True, description=_ADOPT)
    well_column: Text = Field(
        default="Metadata_Well", description="Column of the aggregated profiles with the well."
    )
    external: ExternalConfig = Field(
        default_factory=lambda: ExternalConfig(perform=False),
        description="Further metadata of the perturbations.",
    )

    def impossible(self) -> Iterator[Complaint]:
        """Name what cannot be meant."""
        if not (self.perform and self.external.perform):
            return
        if not self.external.file:
            remedy = "name the file, or set annotate.external.perform: false"
            yield "external.file", "is missing while perform is true", remedy
        else:
            yield from path_complaints("external.file", self.external.file)
        if not self.external.merge_column:
            remedy = "name the column, or set annotate.external.perform: false"
            yield "external.merge_column", "is missing while perform is true", remedy


class NormalizeConfig(Section):
    """How features of a plate get a common scale."""

    perform: Flag = Field(default=True, description=_ADOPT)
    method: NormalizeMethod = Field(
        default="mad_robustize", description="Method of pycytominer's normalize."
    )
    features: Features = Field(
        default="infer",
        description="Columns to normalize; infer takes the features of the compartments.",
    )
    mad_robustize_fudge_factor: FudgeFactor = Field(
        default=0.0,
        description="Added to the scale by mad_robustize; with 0 a feature of scale 0 gives inf.",
    )
    image_features: Flag = Field(
        default=True, description="Whether infer takes the image features too."
    )
    min_cells: MinCells = Field(
        default=1,
        description="Wells with fewer objects (Metadata_Object_Count) take no part in the fit.",
    )

    def impossible(self) -> Iterator[Complaint]:
        """Name what cannot be meant."""
        yield from _feature_complaints(self.features)


class FeatureSelectConfig(Section):
    """Which features are kept."""

    perform: Flag = Field(default=True, description=PERFORM)
    features: Features = Field(
        default="infer",
        description="Columns to choose from; infer takes the features of the compartments.",
    )
    level: Level = Field(
        default="batch",
        description="Whether the features are chosen for each plate, for the plates of a batch "
        "together, or for all plates of this config.",
    )
    gct: Flag = Field(
        default=False,
        description="Whether to write the stacked profiles of a batch and their .gct file "
        "for Morpheus; needs level batch or all.",
    )
    image_features: Flag = Field(
        default=True, description="Whether infer takes the image features too."
    )
    operations: Operations = Field(
        default=DEFAULT_OPERATIONS,
        description="Operations of pycytominer's feature_select, in this order.",
    )
    frozen: OptionalText = Field(
        default=None,
        description="File in config_files/ with the features to keep, in their order: a list of "
        "selected features of an earlier run, or one feature a line. With it nothing is selected: "
        "features, image_features, operations, min_cells and options.samples are not looked at.",
    )
    min_cells: MinCells = Field(
        default=1,
        description="Wells with fewer objects do not vote; they stay in the output.",
    )

    def impossible(self) -> Iterator[Complaint]:
        """Name what cannot be meant."""
        yield from _feature_complaints(self.features)
        yield from listed_twice("operations", self.operations)
        if self.perform and self.frozen is not None:
            yield from list_complaints("frozen", self.frozen)
        if self.perform and _NO_KEYS in self.operations:
            what = f"lists {_NO_KEYS}, whose groups and cutoff no key of the config gives"
            yield "operations", what, "take it out"
        if self.perform and self.gct and self.level == "plate":
            what = "is true while level is plate, and a gct file stacks a batch"
            yield "gct", what, "set gct: false, or level: batch or all"


def _feature_complaints(features: tuple[str, ...] | str) -> Iterator[Complaint]:
    yield from listed_twice("features", features)
    if features == ():
        yield "features", "is empty", "write infer, or list the columns"


class SummaryConfig(Section):
    """The table of wells and sites of every plate."""

    perform: Flag = Field(default=True, description=PERFORM)
    row: Text = Field(
        default="Metadata_Row",
        description="Column of load_data.csv with the row; where it is absent or empty, row and "
        "column come from Metadata_Well.",
    )
    column: Text = Field(
        default="Metadata_Col", description="Column of load_data.csv with the column."
    )


class HeatmapConfig(Section):
    """Pictures of every plate: cells, sites, correlation, position effect, controls."""

    perform: Flag = Field(default=True, description=PERFORM)


class ReportConfig(Section):
    """One page for every plate and every batch: all of the above, to be read or sent."""

    perform: Flag = Field(
        default=True,
        description="Whether to write the reports; true also where the section is absent.",
    )


class QualityControlConfig(Section):
    """Quality control of the plates."""

    perform: Flag = Field(default=True, description=PERFORM)
    summary: SummaryConfig = Field(
        default_factory=lambda: SummaryConfig(perform=False),
        description="The table quality_control/summary/summary.tsv.",
    )
    heatmap: HeatmapConfig = Field(
        default_factory=lambda: HeatmapConfig(perform=False),
        description="The pictures below quality_control/heatmap.",
    )
    report: ReportConfig = Field(
        default_factory=ReportConfig,
        description="The pages below quality_control/report; absent: written.",
    )
