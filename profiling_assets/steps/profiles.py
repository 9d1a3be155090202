"""Annotated and normalized profiles of a plate, and its feature-selected ones.

Put here: config section to argument, core result to table, ledger and numbers.
Do not put here: the steps themselves (`profiles.annotate`, `profiles.normalize`,
`profiles.feature_select`).
"""

from profiling_assets.config.model import Config
from profiling_assets.config.sections import NormalizeConfig
from profiling_assets.errors import InvalidInputError, ProfilingError, listed
from profiling_assets.profiles.annotate import annotate_profiles
from profiling_assets.profiles.feature_list import apply_selection, selection_from_table
from profiling_assets.profiles.normalize import normalize_profiles
from profiling_assets.profiles.reference_wells import check_negative_controls
from profiling_assets.profiles.tables import read_tsv
from profiling_assets.steps.checks import (
    annotated_checks,
    feature_selected_checks,
    normalized_checks,
)
from profiling_assets.steps.numbers import well_facts
from profiling_assets.steps.outputs import Fact, Stored, TableOutput
from profiling_assets.steps.plate_maps import load_exclusions, load_plate_map, plate_map_files
from profiling_assets.workspace import layout
from profiling_assets.workspace.ledger import WellState, count_states, well_ledger_frame
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.storage.interface import Workspace


def annotated(
    workspace: Workspace, config: Config, key: PlateKey, aggregated: Stored
) -> TableOutput:
    """Join aggregated profiles with the plate map and, if asked for, external metadata."""
    section = config.annotate
    plate_map, externals, files = load_plate_map(workspace, config, key)
    profiles = aggregated.frame()
    if profiles.empty:
        raise InvalidInputError(
            f"plate {key} has no profile: no well has an object in every compartment",
            path=aggregated.path,
            remedy=f"see {layout.site_ledger(key)} for what became of its sites",
        )
    result = annotate_profiles(
        profiles,
        plate_map,
        well_column=section.well_column,
        platemap_well_column=config.platemap_well_column,
        external=externals,
        key=key,
        exclusions=load_exclusions(workspace, key),
        of_plate=files.of_plate,
        add_batch=config.options.add_batch,
    )
    states = count_states(result.wells)
    dropped = sum(1 for well in result.wells if well.state is WellState.NOT_IN_PLATE_MAP)
    unused = sum(1 for well in result.wells if well.state is WellState.NO_PROFILE)
    return TableOutput(
        result.frame,
        facts={
            **well_facts(result.frame, ()),
            "wells_not_in_plate_map": dropped,
            "wells_excluded": states.get(WellState.EXCLUDED.value, 0),
            "plate_map_wells_without_profile": unused,
            "plate_map": files.name,
            "well_states": states,
        },
        ledgers={layout.annotated_well_ledger(key): well_ledger_frame(result.wells)},
        warnings=result.warnings,
        checks=annotated_checks(config, key, profiles, result, files.plate_map),
    )


def normalized(
    workspace: Workspace, config: Config, key: PlateKey, profiles: Stored, *, negcon: bool
) -> TableOutput:
    """Normalize a plate's profiles, to all its wells or, with `negcon`, to its negative controls.

    Raises `ControlsError` where the plate has too few negative controls.
    """
    section = config.normalize_negcon if negcon else config.normalize
    negative = config.controls_of(key.batch).negative
    frame = profiles.frame()
    controls: dict[str, Fact] = {}
    warnings: tuple[str, ...] = ()
    if negcon:
        check = check_negative_controls(
            frame,
            plate_map_path=_plate_map_path(workspace, config, key),
            key=key,
            query=negative,
            groups=section.groups,
        )
        controls = {"negative_controls": check.count}
        warnings = () if check.warning is None else (check.warning,)
    result = normalize_profiles(
        frame,
        method=section.method,
        features=section.features,
        image_features=section.image_features,
        compartments=config.compartments,
        samples=section.samples or config.options.samples,
        fudge_factor=section.mad_robustize_fudge_factor,
        min_cells=section.min_cells,
        negcon=negcon,
        negative=negative,
        groups=section.groups,
        more=scale_options(section),
        key=key,
    )
    return TableOutput(
        result.frame,
        facts={
            **well_facts(result.frame, ()),
            **controls,
            "wells_fitted_on": result.fitted_on,
            "features_of_degenerate_scale": len(result.degenerate),
        },
        warnings=(*warnings, *result.warnings),
        checks=normalized_checks(config, key, frame, result),
    )


def scale_options(section: NormalizeConfig) -> dict[str, object]:
    """Return what pycytominer's `normalize` is told, by its own names, where it is called."""
    return {
        name: getattr(section, name)
        for name in (
            "spherize_center",
            "spherize_method",
            "spherize_epsilon",
            "inverse_normal_n_quantiles",
        )
    }


def _plate_map_path(workspace: Workspace, config: Config, key: PlateKey) -> str:
    # only for a message: a plate that starts at annotated profiles may have no plate map
    try:
        return plate_map_files(workspace, config, key).plate_map
    except ProfilingError:
        return layout.profile(key, "_augmented")


def feature_selected(profiles: Stored, features: Stored) -> TableOutput:
    """Choose the columns of the frozen feature list."""
    selection = selection_from_table(
        read_tsv(features.content(), path=features.path), path=features.path
    )
    frame = profiles.frame()
    selected = apply_selection(frame, selection)
    lacking = [c for c in selection.columns if c not in frame.columns]
    warning = (
        f"{len(lacking)} columns of the list are not on this plate and stay empty: "
        f"{listed(lacking, shown=10)}"
    )
    return TableOutput(
        selected,
        facts={**well_facts(selected, ()), "columns_absent_on_this_plate": len(lacking)},
        warnings=(warning,) if lacking else (),
        checks=feature_selected_checks(
            PlateKey.parse(profiles.partition), frame, selected, selection
        ),
    )
