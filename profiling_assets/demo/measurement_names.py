"""Names of CellProfiler 4 measurements, composed by the rules that CellProfiler composes them by.

Put here: the naming rule of each module.
Do not put here: which of them a table has (`widths`), values (`drawn_values`), files (`generate`).
A name is Category_Feature, then what was measured on (a channel, a pair of channels, another
object) and the scale. `ExportToSpreadsheet` sorts the columns by name, ImageNumber and
ObjectNumber first in an object table.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

COMPARTMENTS = ("Cells", "Cytoplasm", "Nuclei")
STAINS = ("DNA", "ER", "AGP", "Mito", "RNA")
BRIGHTFIELD = ("Brightfield", "HighZBF", "LowZBF")

_SHAPES = (
    *("Area", "BoundingBoxArea", "BoundingBoxMaximum_X", "BoundingBoxMaximum_Y"),
    *("BoundingBoxMinimum_X", "BoundingBoxMinimum_Y", "Center_X", "Center_Y", "Compactness"),
    *("ConvexArea", "Eccentricity", "EquivalentDiameter", "EulerNumber", "Extent", "FormFactor"),
    *("MajorAxisLength", "MaxFeretDiameter", "MaximumRadius", "MeanRadius", "MedianRadius"),
    *("MinFeretDiameter", "MinorAxisLength", "Orientation", "Perimeter", "Solidity"),
)
_TEXTURES = (
    *("AngularSecondMoment", "Contrast", "Correlation", "DifferenceEntropy"),
    *("DifferenceVariance", "Entropy", "InfoMeas1", "InfoMeas2", "InverseDifferenceMoment"),
    *("SumAverage", "SumEntropy", "SumVariance", "Variance"),
)
_INTENSITIES = (
    *("IntegratedIntensityEdge", "IntegratedIntensity", "LowerQuartileIntensity", "MADIntensity"),
    *("MassDisplacement", "MaxIntensityEdge", "MaxIntensity", "MeanIntensityEdge"),
    *("MeanIntensity", "MedianIntensity", "MinIntensityEdge", "MinIntensity"),
    *("StdIntensityEdge", "StdIntensity", "UpperQuartileIntensity"),
)
_IMAGE_INTENSITIES = (
    *("LowerQuartileIntensity", "MADIntensity", "MaxIntensity", "MeanIntensity"),
    *("MedianIntensity", "MinIntensity", "PercentMaximal", "StdIntensity", "TotalArea"),
    *("TotalIntensity", "UpperQuartileIntensity"),
)
_QUALITIES = (
    *("FocusScore", "MADIntensity", "MaxIntensity", "MeanIntensity", "MedianIntensity"),
    *("MinIntensity", "PercentMaximal", "PercentMinimal", "PowerLogLogSlope", "Scaling"),
    *("StdIntensity", "TotalArea", "TotalIntensity"),
)
_QUALITY_SCALES = (5, 10, 20, 50)
_NEIGHBORS = (
    *("AngleBetweenNeighbors", "FirstClosestDistance", "FirstClosestObjectNumber"),
    *("NumberOfNeighbors", "PercentTouching", "SecondClosestDistance"),
    "SecondClosestObjectNumber",
)
_NEIGHBOR_SCALES = {"Cells": ("5", "Adjacent"), "Cytoplasm": (), "Nuclei": ("1",)}
RELATIONS = {
    "Cells": ("Children_Cytoplasm_Count", "Parent_Nuclei"),
    "Cytoplasm": ("Parent_Cells", "Parent_Nuclei"),
    "Nuclei": ("Children_Cells_Count", "Children_Cytoplasm_Count"),
}
# The order of modules: what follows FlagImage does not run on an image that failed.
_MODULES = (
    *("LoadData", "CorrectIlluminationApply", "MeasureImageQuality", "FlagImage"),
    *("IdentifyPrimaryObjects", "IdentifySecondaryObjects", "IdentifyTertiaryObjects"),
    *("MeasureColocalization", "MeasureGranularity", "MeasureImageIntensity"),
    *("MeasureObjectIntensity", "MeasureObjectNeighbors", "MeasureObjectNeighbors"),
    *("MeasureObjectNeighbors", "MeasureObjectIntensityDistribution"),
    *("MeasureObjectSizeShape", "MeasureTexture", "OverlayOutlines", "OverlayOutlines"),
    *("SaveImages", "SaveImages"),
)
_FLAG_MODULE = 4


@dataclass(frozen=True)
class Rules:
    """What a pipeline measures: its channels and scales."""

    # names of the illumination-corrected images; DNA, ER and Mito are among them
    channels: tuple[str, ...] = STAINS
    # pixel distances of MeasureTexture; 3 is among them
    texture_scales: tuple[int, ...] = (3, 5, 10)
    granular_spectrum: int = 16  # length of the spectrum of MeasureGranularity
    radial_bins: int = 4  # bins of MeasureObjectIntensityDistribution
    zernike_degree: int = 9  # highest degree of the Zernike polynomials of MeasureObjectSizeShape


def all_object_columns(compartment: str, rules: Rules) -> tuple[str, ...]:
    """Return every column of an object table, in the order of the file.

    ImageNumber and ObjectNumber first, then the measurements by name.
    """
    return ("ImageNumber", "ObjectNumber", *sorted(_object_measurements(compartment, rules)))


def all_image_columns(rules: Rules) -> tuple[str, ...]:
    """Return every column of `Image.csv`, in the order of the file."""
    return tuple(sorted(_image_measurements(rules)))


def image_columns_of_failed(columns: Sequence[str]) -> tuple[str, ...]:
    """Return what is left of `Image.csv` where FlagImage skipped the rest of the pipeline.

    These are the columns that the modules up to FlagImage write.
    """
    absent = ("Count_", "Granularity_", "Intensity_", "Texture_", "Threshold_")
    return tuple(
        name
        for name in columns
        if not name.startswith(absent)
        and not name.endswith("Outlines")
        and not (
            name.startswith(("ExecutionTime_", "ModuleError_"))
            and int(name.split("_")[1][:2]) > _FLAG_MODULE
        )
    )


def _object_measurements(compartment: str, rules: Rules) -> Iterator[str]:
    channels = rules.channels
    yield from (f"AreaShape_{shape}" for shape in _SHAPES)
    for n in range(rules.zernike_degree + 1):
        yield from (f"AreaShape_Zernike_{n}_{m}" for m in range(n % 2, n + 1, 2))
    yield from RELATIONS[compartment]
    for first, second in combinations(sorted(channels), 2):
        yield f"Correlation_Correlation_{first}_{second}"
        yield f"Correlation_Overlap_{first}_{second}"
    for first, second in permutations(channels, 2):
        yield from (f"Correlation_{kind}_{first}_{second}" for kind in ("K", "Manders", "RWC"))
    yield from _granularity(rules)
    yield from (f"Intensity_{kind}_{channel}" for kind in _INTENSITIES for channel in channels)
    for axis in "XYZ":
        if axis != "Z" or compartment != "Cytoplasm":  # a tertiary object's centre is flat
            yield f"Location_Center_{axis}"
        for kind in ("CenterMassIntensity", "MaxIntensity"):
            yield from (f"Location_{kind}_{axis}_{channel}" for channel in channels)
    for scale in _NEIGHBOR_SCALES[compartment]:
        yield from (f"Neighbors_{kind}_{scale}" for kind in _NEIGHBORS)
    yield "Number_Object_Number"
    for kind in ("FracAtD", "MeanFrac", "RadialCV"):
        for ring in range(1, rules.radial_bins + 1):
            ending = f"{ring}of{rules.radial_bins}"
            yield from (f"RadialDistribution_{kind}_{channel}_{ending}" for channel in channels)
    yield from _texture(rules)


def _image_measurements(rules: Rules) -> Iterator[str]:
    originals = [f"Orig{channel}" for channel in rules.channels]
    loaded = [*originals, *(f"Illum{channel}" for channel in rules.channels)]
    for kind in ("FileName", "PathName", "URL"):
        yield from (f"{kind}_{image}" for image in (*loaded, "CellOutlines", "NucleiOutlines"))
    for kind in ("Height", "Width", "MD5Digest", "Scaling"):
        yield from (f"{kind}_{image}" for image in loaded)
    yield from ("Group_Index", "Group_Length", "Group_Number", "ImageNumber")
    yield from (f"Metadata_{tag}" for tag in ("Plate", "Well", "Site", "Row", "Col", "QCFlag"))
    for number, module in enumerate(_MODULES, start=1):
        yield f"ExecutionTime_{number:02d}{module}"
        yield f"ModuleError_{number:02d}{module}"
    for image in originals:
        yield from (f"ImageQuality_{kind}_{image}" for kind in _QUALITIES)
        for scale in _QUALITY_SCALES:
            yield f"ImageQuality_Correlation_{image}_{scale}"
            yield f"ImageQuality_LocalFocusScore_{image}_{scale}"
    yield from (f"Count_{compartment}" for compartment in COMPARTMENTS)
    for kind in ("FinalThreshold", "OrigThreshold", "SumOfEntropies", "WeightedVariance"):
        yield from (f"Threshold_{kind}_{objects}" for objects in ("Cells", "Nuclei"))
    for kind in _IMAGE_INTENSITIES:
        yield from (f"Intensity_{kind}_{channel}" for channel in rules.channels)
    yield from _granularity(rules)
    yield from _texture(rules)


def _granularity(rules: Rules) -> Iterator[str]:
    for step in range(1, rules.granular_spectrum + 1):
        yield from (f"Granularity_{step}_{channel}" for channel in rules.channels)


def _texture(rules: Rules) -> Iterator[str]:
    # scale, direction (0 to 3: 0, 45, 90, 135 degrees), number of grey levels
    for kind in _TEXTURES:
        for channel in rules.channels:
            for scale in rules.texture_scales:
                yield from (f"Texture_{kind}_{channel}_{scale}_{a:02d}_256" for a in range(4))
