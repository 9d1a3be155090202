"""From one profile per well to feature-selected ones: annotate, normalize, feature_select.

Put here: the three verbs, with pycytominer's words and defaults.
Do not put here: the steps themselves (`profiles`), reading what they are given (`given`).
"""

from collections.abc import Sequence
from typing import Literal

import pandas as pd

from profiling_assets.api.given import Table, about, features_asked, hand_written, key_of, table_of
from profiling_assets.api.outcome import Annotated, Normalized, Selected
from profiling_assets.errors import ConfigError
from profiling_assets.profiles.annotate import annotate_profiles
from profiling_assets.profiles.column_kinds import CANONICAL_COMPARTMENTS, column
from profiling_assets.profiles.correlation import THRESHOLD
from profiling_assets.profiles.feature_list import apply_selection
from profiling_assets.profiles.feature_select import Cutoffs, select_features
from profiling_assets.profiles.normalize import INFER, MAD_ROBUSTIZE, METHODS, normalize_profiles
from profiling_assets.profiles.plate_map import (
    WELL_POSITION,
    ExternalMetadata,
    read_external_metadata,
    read_plate_map,
)
from profiling_assets.workspace.ledger import well_ledger_frame

JOIN_ON = (WELL_POSITION, "Metadata_Well")
SELECTION = ("variance_threshold", "correlation_threshold", "drop_na_columns", "blocklist")
_METHODS = (*METHODS, "spherize", "inverse_normal")


def annotate(
    profiles: Table,
    plate_map: Table,
    external: Table | None = None,
    *,
    join_on: Sequence[str] = JOIN_ON,
    external_join_on: str | None = None,
) -> Annotated:
    """Join profiles with the plate map, and with external metadata.

    Source: pycytominer 1.7.1, `annotate`, which does the join. What differs: `A1` meets `A01`;
    metadata stay the text that they are in the file, so that a barcode keeps its zeros; a plate map
    with a well twice, and external metadata that would give a well two profiles, are refused.

    Parameters
    ----------
    profiles : pandas.DataFrame, str or path
        One row per well or site.
    plate_map : pandas.DataFrame, str or path
        One row per well; a file with commas, tabs or semicolons, with or without `Metadata_` in its
        header. The numbers of a frame become text.
    external : pandas.DataFrame, str or path, optional
        More about each perturbation; pycytominer's `external_metadata`.
    join_on : sequence of str, default ("Metadata_well_position", "Metadata_Well")
        The columns with the well: of the plate map, of the profiles.
    external_join_on : str, optional
        The column to join external metadata on; needed where `external` is given.

    Returns
    -------
    Annotated
        The wells that are in both, in the order of the plate map: metadata columns first (plate
        map, external, the profiles' own), then everything else. The warnings name wells that are
        only in one.

    Raises
    ------
    ProfilingError
        Where no well joins, or a file cannot be read or joined.

    Examples
    --------
    >>> pa.annotate("PLATE.csv", "platemap.txt").frame
    """
    if (external is None) != (external_join_on is None):
        raise ConfigError(
            "external and external_join_on belong together", remedy="give both, or neither"
        )
    map_column, well_column = join_on
    frame, path = table_of(profiles, well_column)
    data, map_path = hand_written(plate_map, "plate map")
    more = None
    if external is not None and external_join_on is not None:
        more_data, more_path = hand_written(external, "external metadata")
        table = read_external_metadata(more_data, path=more_path)
        more = ExternalMetadata(more_path, table, external_join_on)
    with about(path):
        done = annotate_profiles(
            frame,
            read_plate_map(data, path=map_path, well_column=map_column),
            well_column=well_column,
            platemap_well_column=map_column,
            external=more,
            key=key_of(frame, path),
        )
    return Annotated(done.frame, done.warnings, well_ledger_frame(done.wells))


def normalize(
    profiles: Table,
    features: str | Sequence[str] = INFER,
    *,
    image_features: bool = False,
    samples: str = "all",
    method: str = MAD_ROBUSTIZE,
    mad_robustize_epsilon: float = 1e-18,
    compartments: Sequence[str] | None = CANONICAL_COMPARTMENTS,
    min_cells: int = 1,
) -> Normalized:
    """Put every feature on the scale of some or all wells.

    Source: pycytominer 1.7.1, `normalize`; equal to the last bit for `standardize`, `robustize` and
    `mad_robustize`, which are computed here, while the others are its own. What differs: the
    default method; and infinite values, which every method but `mad_robustize` counts as missing,
    where pycytominer raises.

    Parameters
    ----------
    profiles : pandas.DataFrame, str or path
        One row per well or site, of one plate: several are put on one scale.
    features : "infer" or sequence of str, default "infer"
        The columns to normalize; "infer" takes those of the compartments.
    image_features : bool, default False
        Whether `Image_*` columns are inferred too; where not, they pass as they are.
    samples : str, default "all"
        The rows that the scale is taken from, as a pandas query: `Metadata_control_type ==
        'negcon'`. A text is compared with the text of the table, a number with numbers.
    method : str, default "mad_robustize"
        `mad_robustize`: (x - median) / (1.4826 x median absolute deviation + epsilon);
        `standardize` (pycytominer's default): (x - mean) / standard deviation; `robustize`:
        (x - median) / interquartile range; `spherize` and `inverse_normal`.
    mad_robustize_epsilon : float, default 1e-18
        Added to the median absolute deviation, in the feature's unit. With 0 a feature without
        spread becomes infinite.
    compartments : sequence of str or None, default ("Cells", "Cytoplasm", "Nuclei")
        The tables whose columns are features; None for every table.
    min_cells : int, default 1
        Wells with a smaller `Metadata_Object_Count` lend nothing to the scale; they stay in the
        table. pycytominer has no such argument.

    Returns
    -------
    Normalized
        Rows as they came; metadata, `Image_*` columns that pass, then the features without a unit.
        Every other column is left out, which a warning says.

    Raises
    ------
    ProfilingError
        Where there is no feature, no row to take the scale from, or a feature holds words.

    Examples
    --------
    >>> pa.normalize("PLATE_augmented.csv.gz", method="standardize").frame
    """
    if method.lower() not in _METHODS:
        raise ConfigError(
            f"there is no method {method}", remedy=f"use one of {', '.join(_METHODS)}"
        )
    frame, path = table_of(profiles)
    with about(path):
        done = normalize_profiles(
            frame,
            method=method,
            features=features_asked(features),
            image_features=image_features,
            compartments=compartments,
            samples=samples,
            fudge_factor=mad_robustize_epsilon,
            min_cells=min_cells,
            key=key_of(frame, path),
        )
    return Normalized(done.frame, done.warnings, done.fitted_on, done.degenerate)


def feature_select(
    profiles: Table,
    features: str | Sequence[str] = INFER,
    *,
    image_features: bool = False,
    samples: str = "all",
    operation: str | Sequence[str] = SELECTION,
    na_cutoff: float = 0.05,
    corr_threshold: float = THRESHOLD,
    corr_method: Literal["pearson", "spearman", "kendall"] = "pearson",
    freq_cut: float = 0.05,
    unique_cut: float = 0.01,
    outlier_cutoff: float = 500.0,
    min_variance: float = 1e-6,
    noise_removal_perturb_groups: str | None = None,
    noise_removal_stdev_cutoff: float | None = None,
    compartments: Sequence[str] | None = CANONICAL_COMPARTMENTS,
    min_cells: int = 1,
) -> Selected:
    """Drop the features that say nothing, or what another one says.

    Source: pycytominer 1.7.1, `feature_select`: the same features are kept. What differs: the
    default operations are those of the profiling-recipe; the blocklist is the one that pycytominer
    brings; infinite values count as missing; columns that are neither metadata nor among the
    features go; that no feature is left is an error.

    Parameters
    ----------
    profiles : pandas.DataFrame, str or path
        Normalized profiles, of one plate or of several (`stack`).
    features : "infer" or sequence of str, default "infer"
        The columns to choose from; "infer" takes those of the compartments.
    image_features : bool, default False
        Whether `Image_*` columns are inferred too; where not, they are dropped.
    samples : str, default "all"
        The rows that are looked at, as a pandas query.
    operation : str or sequence of str
        In their order: `variance_threshold` (pycytominer's default), `frequency_threshold`,
        `correlation_threshold`, `drop_na_columns`, `blocklist`, `drop_outliers`, `noise_removal`.
        Each sees what the ones before it left. By default variance, correlation, missing values,
        blocklist.
    na_cutoff : float, default 0.05
        `drop_na_columns`: the share of missing values that is borne, 0 to 1.
    corr_threshold : float, default 0.9
        `correlation_threshold`: of two features with a larger correlation, the one goes that
        correlates more with all others.
    corr_method : {"pearson", "spearman", "kendall"}, default "pearson"
        How correlations are computed.
    freq_cut : float, default 0.05
        `frequency_threshold`: how often the second most frequent value occurs, as a share of the
        most frequent one, 0 to 1; features below go.
    unique_cut : float, default 0.01
        `frequency_threshold`: how many different values there are, as a share of the rows, 0 to 1;
        features below go.
    outlier_cutoff : float, default 500
        `drop_outliers`: the largest absolute value that is borne.
    min_variance : float, default 1e-6
        `variance_threshold`: the smallest variance that is borne.
    noise_removal_perturb_groups : str, optional
        `noise_removal`: the metadata column whose wells of one value are replicates.
    noise_removal_stdev_cutoff : float, optional
        `noise_removal`: the largest mean standard deviation within the groups that is borne.
    compartments : sequence of str or None, default ("Cells", "Cytoplasm", "Nuclei")
        The tables whose columns are features; None for every table.
    min_cells : int, default 1
        Wells with a smaller `Metadata_Object_Count` are not looked at; they stay in the table.
        pycytominer has no such argument.

    Returns
    -------
    Selected
        Every row; metadata, then the features that are kept. `.features` has the reason for each.

    Raises
    ------
    ProfilingError
        Where an operation is not known, or no feature is left.

    Examples
    --------
    >>> pa.feature_select("PLATE_normalized.csv.gz", corr_threshold=0.8).frame
    """
    frame, path = table_of(profiles)
    cutoffs = Cutoffs(
        min_variance=min_variance,
        noise_removal_perturb_groups=noise_removal_perturb_groups,
        noise_removal_stdev_cutoff=noise_removal_stdev_cutoff,
        na_cutoff=na_cutoff,
        corr_threshold=corr_threshold,
        corr_method=corr_method,
        freq_cut=freq_cut,
        unique_cut=unique_cut,
        outlier_cutoff=outlier_cutoff,
    )
    with about(path):
        selection = select_features(
            {key_of(frame, path): frame},
            operations=[operation] if isinstance(operation, str) else operation,
            features=features_asked(features),
            image_features=image_features,
            compartments=compartments,
            level="",
            samples=samples,
            min_cells=min_cells,
            cutoffs=cutoffs,
        )
    told = selection.ledger.drop(columns="level")
    told = told.assign(value=pd.to_numeric(column(told, "value")))
    infinite = int(column(told, "reason").str.contains("degenerate scale").sum())
    remark = f"{infinite} features have infinite values, which count as missing"
    return Selected(apply_selection(frame, selection), (remark,) if infinite else (), told)
