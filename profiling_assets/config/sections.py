"""The recipe's own sections of the config file: aggregate, normalize, feature_select.

Put here: the keys of each of these steps, their types, defaults and meaning.
Do not put here: what the steps do, metadata (`metadata_sections`), quality control
(`quality_sections`), our own sections (`own_sections`), the file as a whole (`model`).
Keys and words are those of cytomining/profiling-recipe (config_template.yml and its README).
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from profiling_assets.config.queries import samples_complaints
from profiling_assets.config.types import (
    ADOPT,
    PERFORM,
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
)

# the keys that rule an operation
OPERATION_KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "variance_threshold": ("min_variance",),
        "frequency_threshold": ("freq_cut", "unique_cut"),
        "correlation_threshold": ("corr_threshold", "corr_method"),
        "drop_na_columns": ("na_cutoff",),
        "blocklist": ("blocklist",),
        "drop_outliers": ("outlier_cutoff",),
        "noise_removal": ("noise_removal_perturb_groups", "noise_removal_stdev_cutoff"),
    }
)
OPERATIONS = tuple(OPERATION_KEYS)
DEFAULT_OPERATIONS = ("variance_threshold", "correlation_threshold", "drop_na_columns", "blocklist")


def _known_operations(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in OPERATIONS:
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
SpherizeMethod = Annotated[Literal["ZCA", "ZCA-cor"], Kind("ZCA or ZCA-cor")]
CorrelationMethod = Annotated[
    Literal["pearson", "spearman", "kendall"], Kind("pearson, spearman or kendall")
]
Share = Annotated[float, Field(ge=0, le=1), Kind("a number from 0 to 1")]
Positive = Annotated[float, Field(ge=0, allow_inf_nan=False), Kind("a number, 0 or more")]
OptionalPositive = Annotated[
    float | None, Field(ge=0, allow_inf_nan=False), Kind("a number, 0 or more")
]
Count = Annotated[int, Field(ge=1), Kind("a whole number, 1 or more")]
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


class NormalizeConfig(Section):
    """How features of a plate get a common scale."""

    perform: Flag = Field(default=True, description=ADOPT)
    method: NormalizeMethod = Field(
        default="mad_robustize", description="Method of pycytominer's normalize."
    )
    features: Features = Field(
        default="infer",
        description="Columns to normalize; infer takes the features of the compartments.",
    )
    mad_robustize_fudge_factor: FudgeFactor = Field(
        default=0.0,
        description="Added to the scale by mad_robustize; with 0 a feature of scale 0 gives inf "
        "(pycytominer: mad_robustize_epsilon, 1e-18).",
    )
    image_features: Flag = Field(
        default=True, description="Whether infer takes the image features too."
    )
    min_cells: MinCells = Field(
        default=1,
        description="Wells with fewer objects (Metadata_Object_Count) take no part in the fit.",
    )

    samples: OptionalText = Field(
        default=None,
        description="Wells that the scale is fitted on, in place of options.samples.",
    )
    groups: TextList = Field(
        default=(),
        description="Metadata columns within the plate, as [Metadata_cell_line]: the wells that "
        "are alike in them are put on a scale of their own.",
    )
    spherize_center: Flag = Field(
        default=True,
        description="spherize: whether features are centered first (pycytominer: spherize_center).",
    )
    spherize_method: SpherizeMethod = Field(
        default="ZCA-cor",
        description="spherize: of covariances or of correlations (pycytominer: spherize_method; "
        "its PCA and PCA-cor give components that are no features).",
    )
    spherize_epsilon: Positive = Field(
        default=1e-6,
        description="spherize: added to the singular values (pycytominer: spherize_epsilon).",
    )
    inverse_normal_n_quantiles: Count = Field(
        default=1000,
        description="inverse_normal: number of quantiles, at most one a well (pycytominer: "
        "inverse_normal_n_quantiles).",
    )

    def impossible(self) -> Iterator[Complaint]:
        """Name what cannot be meant."""
        yield from _feature_complaints(self.features)
        yield from samples_complaints(self.samples)
        yield from listed_twice("groups", self.groups)
        correlates = self.method == "spherize" and self.spherize_method == "ZCA-cor"
        if correlates and not self.spherize_center:
            what = "is false while spherize_method is ZCA-cor, which centers"
            yield "spherize_center", what, "set it to true, or spherize_method: ZCA"


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
    samples: OptionalText = Field(
        default=None,
        description="Wells that vote, in place of options.samples.",
    )
    min_variance: Positive = Field(
        default=1e-6,
        description="variance_threshold: features with less variance go (pycytominer: "
        "min_variance).",
    )
    na_cutoff: Share = Field(
        default=0.05,
        description="drop_na_columns: share of missing values that is borne (pycytominer: "
        "na_cutoff).",
    )
    corr_threshold: Share = Field(
        default=0.9,
        description="correlation_threshold: of two features with a larger correlation one goes "
        "(pycytominer: corr_threshold).",
    )
    corr_method: CorrelationMethod = Field(
        default="pearson",
        description="correlation_threshold: how correlations are computed (pycytominer: "
        "corr_method).",
    )
    freq_cut: Share = Field(
        default=0.05,
        description="frequency_threshold: how often the second most frequent value occurs, as a "
        "share of the most frequent one; features below go (pycytominer: freq_cut).",
    )
    unique_cut: Share = Field(
        default=0.01,
        description="frequency_threshold: how many different values there are, as a share of the "
        "wells; features below go (pycytominer: unique_cut).",
    )
    outlier_cutoff: Positive = Field(
        default=500.0,
        description="drop_outliers: features with a larger absolute value go (pycytominer: "
        "outlier_cutoff).",
    )
    blocklist: OptionalText = Field(
        default=None,
        description="blocklist: file in config_files/ with the features that go, one a line or in "
        "a column blocklist; without the key: pycytominer's own list (pycytominer: blocklist, "
        "blocklist_file).",
    )
    noise_removal_perturb_groups: OptionalText = Field(
        default=None,
        description="noise_removal: metadata column whose wells of one value are replicates "
        "(pycytominer: noise_removal_perturb_groups).",
    )
    noise_removal_stdev_cutoff: OptionalPositive = Field(
        default=None,
        description="noise_removal: features whose mean standard deviation within these groups is "
        "larger go (pycytominer: noise_removal_stdev_cutoff).",
    )

    def impossible(self) -> Iterator[Complaint]:
        """Name what cannot be meant."""
        yield from _feature_complaints(self.features)
        yield from listed_twice("operations", self.operations)
        if self.perform and self.frozen is not None:
            yield from list_complaints("frozen", self.frozen)
        yield from samples_complaints(self.samples)
        if self.perform and self.blocklist is not None:
            yield from list_complaints("blocklist", self.blocklist)
        noise = (self.noise_removal_perturb_groups, self.noise_removal_stdev_cutoff)
        if self.perform and "noise_removal" in self.operations and None in noise:
            what = "lists noise_removal, which needs groups and a cutoff"
            remedy = "set noise_removal_perturb_groups and noise_removal_stdev_cutoff"
            yield "operations", what, remedy
        if self.perform and self.gct and self.level == "plate":
            what = "is true while level is plate, and a gct file stacks a batch"
            yield "gct", what, "set gct: false, or level: batch or all"


def _feature_complaints(features: tuple[str, ...] | str) -> Iterator[Complaint]:
    yield from listed_twice("features", features)
    if features == ():
        yield "features", "is empty", "write infer, or list the columns"
