"""How objects become profiles: the choices of `aggregate`, or of `collate` where that is off.

Put here: the options as plain values, as the config and whoever aggregates without one have them.
Do not put here: the sections they come from (`sections`, `own_sections`), which of the two rules
(`model`), aggregating (`collate.aggregate`).
"""

from dataclasses import dataclass
from typing import Literal

# What pycytominer's collate command adds to the profiles when nothing else is asked for.
COLLATE_CATEGORIES = ("Granularity", "Texture", "ImageQuality", "Count", "Threshold")


@dataclass(frozen=True)
class AggregateOptions:
    """How objects become one profile a well.

    Columns are those of the Image table; `Image_Metadata_Plate` of older backends is read as
    `Metadata_Plate`. A method that is none is a `ValueError`.
    """

    # of every feature; of image features too, except counts (summed)
    method: Literal["mean", "median"]
    plate_column: str = "Metadata_Plate"
    well_column: str = "Metadata_Well"
    site_column: str | None = None  # splits a well into sites, with one profile each
    strata: tuple[str, ...] = ()  # further columns that split a well, as `Metadata_T`
    fields: Literal["all"] | tuple[int, ...] = "all"  # values of `Metadata_Site` to keep
    # column of the first compartment whose values are counted as `Metadata_Object_Count`; None
    # counts its `ObjectNumber`
    object_feature: str | None = None
    # image features to add, by the first word of their name: `Granularity`, `Count`
    image_feature_categories: tuple[str, ...] = ()
    # tables to aggregate, in any case; None takes all that are there, Cells, Cytoplasm, Nuclei
    # first
    compartments: tuple[str, ...] | None = None

    @property
    def splits(self) -> tuple[str, ...]:
        """The columns that split a well into several profiles; none for one profile a well."""
        return self.strata if self.site_column is None else (self.site_column, *self.strata)

    def __post_init__(self) -> None:
        """Refuse a method that is none."""
        if self.method not in ("mean", "median"):
            message = f"method is mean or median, not {self.method!r}"
            raise ValueError(message)
