"""How each family of measurements is distributed: one law for each.

Put here: the form, centre and spread of a measurement, and the traits of a cell that it shares.
Do not put here: drawing (`drawn_values`), how names are composed (`measurement_names`).
"""

import re
from enum import Enum, auto
from typing import NamedTuple

PLACES = ("x", "y")
BODY = ("size", "shape", "texture", "crowding")
IMAGE_SIDE = 1080  # pixels


class Form(Enum):
    """How a standardized value becomes a measurement."""

    LOG = auto()
    UNIT = auto()
    LINEAR = auto()
    WHOLE_LOG = auto()
    WHOLE = auto()
    COUNT = auto()
    NUMBER = auto()
    PARTNER = auto()
    FIXED = auto()


VARYING = frozenset({Form.LOG, Form.UNIT, Form.LINEAR, Form.WHOLE_LOG})


class Law(NamedTuple):
    """How one family of measurements is distributed."""

    pattern: str  # regular expression at the beginning of the name
    # LOG: exp of a normal value; UNIT: its logistic, between 0 and 1; LINEAR: the value; WHOLE_LOG
    # and WHOLE: the same as integers; COUNT: a small whole number written as a float; NUMBER: the
    # object's number; PARTNER: another object's number; FIXED: the centre
    form: Form
    centre: float = 0.0  # mean of the normal value
    spread: float = 1.0  # its standard deviation
    traits: str = ""  # traits that the feature shares, blank separated; `channel` is the name's own
    share: float = 0.8  # part of the standard deviation that the traits explain
    scale: float = 1.0  # factor at the end (an angle is 180 times a UNIT value)
    offset: float = 0.0  # summand at the end


# The first law whose pattern fits is taken. Centres are those of 20x images, 16 bit, in pixels.
_LAWS = (
    Law(r"(ImageNumber|ObjectNumber|Number_|Parent_)", Form.NUMBER),
    Law(r"(Children_|AreaShape_EulerNumber)", Form.FIXED, 1),
    Law(r"Location_Center_Z", Form.FIXED, 0),
    Law(r"Location_\w+_Z_", Form.FIXED, 0.0),
    Law(r"AreaShape_BoundingBox\w+_X", Form.WHOLE, 540.0, 290.0, "x", 0.999),
    Law(r"AreaShape_BoundingBox\w+_Y", Form.WHOLE, 540.0, 290.0, "y", 0.999),
    Law(r"(AreaShape_Center_X|Location_\w+_X)", Form.LINEAR, 540.0, 290.0, "x", 0.9999),
    Law(r"(AreaShape_Center_Y|Location_\w+_Y)", Form.LINEAR, 540.0, 290.0, "y", 0.9999),
    Law(r"AreaShape_\w*Area$", Form.WHOLE_LOG, 7.8, 0.3, "size", 0.97),
    Law(r"AreaShape_Eccentricity", Form.UNIT, 0.0, 0.6, "shape", 0.85),
    Law(r"AreaShape_Extent", Form.UNIT, 1.25, 0.15, "shape", 0.85),
    Law(r"AreaShape_Solidity", Form.UNIT, 3.5, 0.3, "shape", 0.85),
    Law(r"AreaShape_FormFactor", Form.UNIT, 2.1, 0.4, "shape", 0.9),
    Law(r"AreaShape_Compactness", Form.LOG, 0.1, 0.05, "shape", 0.9),
    Law(r"AreaShape_Orientation", Form.UNIT, 0.0, 1.5, "", 0.0, 180.0, -90.0),
    Law(r"AreaShape_Zernike_0_0", Form.UNIT, 2.0, 0.6, "shape", 0.8),
    Law(r"AreaShape_Zernike", Form.LOG, -4.0, 0.6, "shape size", 0.5),
    Law(r"AreaShape_Perimeter", Form.LOG, 5.2, 0.16, "size", 0.93),
    Law(r"AreaShape_MaximumRadius", Form.LOG, 3.2, 0.16, "size", 0.93),
    Law(r"AreaShape_\w+Radius", Form.LOG, 2.2, 0.16, "size", 0.93),
    Law(r"AreaShape_", Form.LOG, 4.0, 0.16, "size", 0.93),
    Law(r"Correlation_Manders_\w*(Brightfield|ZBF)", Form.FIXED, 1.0),
    Law(r"Correlation_Correlation", Form.UNIT, 0.6, 0.5, "texture channel", 0.6, 2.0, -1.0),
    Law(r"Correlation_K_", Form.LOG, 0.0, 0.3, "texture channel", 0.6),
    Law(r"Correlation_", Form.UNIT, 1.0, 0.5, "texture channel", 0.6),
    Law(r"Granularity_", Form.LOG, 1.2, 0.5, "texture channel", 0.7),
    Law(r"Intensity_MassDisplacement", Form.LOG, -0.5, 0.5, "shape", 0.5),
    Law(r"Intensity_IntegratedIntensityEdge", Form.LOG, 1.5, 0.4, "channel size", 0.9),
    Law(r"Intensity_TotalArea", Form.FIXED, IMAGE_SIDE**2),
    Law(r"Intensity_TotalIntensity", Form.LOG, 9.6, 0.3, "channel", 0.9),
    Law(r"Intensity_Integrated", Form.LOG, 5.2, 0.4, "channel size", 0.96),
    Law(r"Intensity_PercentMaximal", Form.LOG, -7.0, 0.5, "channel", 0.5),
    Law(r"Intensity_Min", Form.LOG, -4.8, 0.3, "channel", 0.9),
    Law(r"Intensity_Max", Form.LOG, -1.1, 0.25, "channel", 0.9),
    Law(r"Intensity_(Std|MAD)", Form.LOG, -2.9, 0.3, "channel", 0.9),
    Law(r"Intensity_", Form.LOG, -2.3, 0.3, "channel", 0.95),
    Law(r"Neighbors_NumberOfNeighbors", Form.COUNT, 2.0, 1.4, "crowding", 0.9),
    Law(r"Neighbors_\w+ObjectNumber", Form.PARTNER),
    Law(r"Neighbors_PercentTouching", Form.COUNT, 1.0, 12.0, "crowding", 0.8),
    Law(r"Neighbors_AngleBetween", Form.UNIT, 0.0, 1.3, "", 0.0, 180.0),
    Law(r"Neighbors_Second", Form.LOG, 4.8, 0.3, "crowding", 0.8),
    Law(r"Neighbors_", Form.LOG, 4.4, 0.35, "crowding", 0.8),
    Law(r"RadialDistribution_MeanFrac", Form.LOG, 0.0, 0.2, "shape channel", 0.7),
    Law(r"RadialDistribution_RadialCV", Form.LOG, -2.0, 0.4, "texture channel", 0.6),
    Law(r"RadialDistribution_", Form.UNIT, -1.1, 0.2, "shape channel", 0.7),
    Law(r"Texture_AngularSecondMoment", Form.LOG, -6.8, 0.4, "texture channel", 0.97),
    Law(r"Texture_Contrast", Form.LOG, 5.5, 0.5, "texture channel", 0.97),
    Law(r"Texture_Correlation", Form.UNIT, 0.8, 0.6, "texture channel", 0.97, 2.0, -1.0),
    Law(r"Texture_DifferenceVariance", Form.LOG, -8.3, 0.5, "texture channel", 0.97),
    Law(r"Texture_DifferenceEntropy", Form.LINEAR, 5.0, 0.4, "texture channel", 0.97),
    Law(r"Texture_InfoMeas1", Form.UNIT, 1.1, 0.3, "texture channel", 0.97, 1.0, -1.0),
    Law(r"Texture_InfoMeas2", Form.UNIT, 3.2, 0.4, "texture channel", 0.97),
    Law(r"Texture_Inverse", Form.UNIT, -2.5, 0.4, "texture channel", 0.97),
    Law(r"Texture_SumAverage", Form.LOG, 4.2, 0.25, "channel", 0.97),
    Law(r"Texture_SumEntropy", Form.LINEAR, 6.7, 0.3, "texture channel", 0.97),
    Law(r"Texture_SumVariance", Form.LOG, 6.8, 0.5, "texture channel", 0.97),
    Law(r"Texture_Variance", Form.LOG, 5.8, 0.5, "texture channel", 0.97),
    Law(r"Texture_", Form.LINEAR, 10.3, 0.4, "texture channel", 0.97),
    # below: columns of Image.csv only
    Law(r"ImageQuality_Scaling", Form.FIXED, 65535),
    Law(r"ImageQuality_TotalArea", Form.FIXED, IMAGE_SIDE**2),
    Law(r"ImageQuality_PowerLogLogSlope", Form.LINEAR, -1.9, 0.15, "texture", 0.7),
    Law(r"ImageQuality_Correlation", Form.UNIT, 0.5, 0.5, "texture channel", 0.7),
    Law(r"ImageQuality_TotalIntensity", Form.LOG, 9.6, 0.3, "channel", 0.9),
    Law(r"ImageQuality_", Form.LOG, -3.5, 0.3, "channel", 0.8),
    Law(r"Threshold_Sum", Form.LINEAR, -12.5, 0.5, "texture", 0.6),
    Law(r"Threshold_", Form.LOG, -3.5, 0.3, "crowding", 0.6),
    Law(r"ExecutionTime_", Form.LOG, 0.5, 0.8),
)


def law_of(name: str) -> Law | None:
    """Return the law of a measurement, or None for a column that is no measurement."""
    return next((law for law in _LAWS if re.match(law.pattern, name)), None)
