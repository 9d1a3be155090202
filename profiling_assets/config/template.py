"""The config file that `init-config` writes: the recipe's template with the handbook's choices.

Put here: the text of a new config file, and how names are quoted in it.
Do not put here: finding batches and plates, writing the file.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import yaml

from profiling_assets.workspace.names import checked_name

# Letters, digits, `_`, `.` and `-` mean nothing in YAML, unless the whole looks like a value.
_HARMLESS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
# YAML 1.1 booleans that PyYAML leaves as text and other readers do not.
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})

_STEPS = """\
# Config of the profiling pipeline. `profiling-assets config --reference` explains every key.
---
pipeline: {pipeline}
output_dir: profiles
platemap_well_column: Metadata_well_position
# The compartments found in the files are taken; list some here to take only those:
# compartments: [cells, cytoplasm, nuclei]
options:
  compression: gzip
  float_format: "%.5g"
  samples: all
# From CellProfiler's CSVs to the backend and to one profile for each well. `method` and
# `image_feature_categories` rule the profiles as long as `aggregate.perform` is false.
collate:
  csv_dir: analysis
  method: mean
  image_feature_categories: [Granularity, Texture, ImageQuality, Count, Threshold]
  on_defective_site: drop  # or fail
  on_count_differs: keep  # or drop, or fail
# `perform: true` aggregates by this section instead (median, sites of your choice).
aggregate:
  perform: false
  plate_column: Metadata_Plate
  well_column: Metadata_Well
  method: median
  fields: all
  image_feature_categories: [Count, Intensity]
annotate:
  perform: true
  well_column: Metadata_Well
  # Metadata of the compounds beyond the plate map: name a file of metadata/external_metadata and
  # the column that it shares with the plate map, and set perform: true.
  external:
    perform: false
    file: <metadata file name>
    merge_column: <Column to merge on>
# The controls, where they are not marked with negcon in a column control_type:
# controls:
#   negative: "Metadata_control_type == 'NC'"
normalize:
  perform: true
  method: mad_robustize
  features: infer
  mad_robustize_fudge_factor: 0
  image_features: true
  min_cells: 1
# Fitted on the negative controls; a plate needs at least 2 of them.
normalize_negcon:
  perform: {negcon}
  method: mad_robustize
  features: infer
  mad_robustize_fudge_factor: 0
  image_features: true
  min_cells: 1
feature_select:
  perform: true
  features: infer
  level: batch  # plate, batch, or all (plates of this file)
  gct: true
  image_features: true
  operations: [variance_threshold, correlation_threshold, drop_na_columns, blocklist]
  # The features of an earlier run instead of the operations: a copy of its selected_features.tsv.
  # frozen: config_files/frozen_features.tsv
  min_cells: 1
feature_select_negcon:
  perform: {negcon}
  features: infer
  level: batch
  gct: {negcon}
  image_features: true
  operations: [variance_threshold, correlation_threshold, drop_na_columns, blocklist]
  min_cells: 1
quality_control:
  perform: true
  summary:
    perform: true
    row: Metadata_Row
    column: Metadata_Col
  heatmap:
    perform: true
  report:
    perform: true
"""
_WHOLE = """\
# No batch is named: the whole workspace is taken. To choose, add a document for each batch:
# ---
# batch: NAME OF THE BATCH
# plates:
#   - name: NAME OF THE PLATE
#     process: true
# process: true
"""


def render_config(
    batches: Mapping[str, Sequence[str]], *, pipeline: str, negcon: bool = True
) -> str:
    """Write a config file with the handbook's choices.

    Aggregation and external metadata are off, as the handbook tells its readers to set them, the
    gct file is on, features are selected for each batch.

    Parameters
    ----------
    batches : mapping of str to sequence of str
        Each batch and its plates, in the order they shall stand in; none takes the whole workspace.
    pipeline : str
        A name for the config.
    negcon : bool
        Whether to normalize to, and select on, the negative controls as well.

    Returns
    -------
    str
        The file's text; `parse_config` reads the same names back.

    Raises
    ------
    InvalidNameError
        Where a batch or plate has a name that cannot be used.
    """
    text = _STEPS.format(pipeline=quoted(pipeline), negcon=str(negcon).lower())
    if not batches:
        return text + _WHOLE
    return text + "".join(_batch(name, plates) for name, plates in batches.items())


def _batch(name: str, plates: Sequence[str]) -> str:
    lines = ["---", f"batch: {quoted(checked_name(name, 'batch'))}"]
    if not plates:
        return "\n".join([*lines, "plates: []  # none was found", "process: false", ""])
    lines.append("plates:")
    for plate in plates:
        lines += [f"  - name: {quoted(checked_name(plate, 'plate'))}", "    process: true"]
    return "\n".join([*lines, "process: true", ""])


def quoted(name: str) -> str:
    """Write a name so that every YAML reader takes it as that text.

    Parameters
    ----------
    name : str
        A name, verbatim.

    Returns
    -------
    str
        The name, in double quotes where YAML (1.1 or 1.2) could read it as something else.
    """
    if _HARMLESS.fullmatch(name) and not _looks_like_a_value(name):
        return name
    # As a list's only item, so that no document end mark follows.
    dumped = yaml.safe_dump([name], default_style='"', allow_unicode=True, width=1_000_000)
    return dumped.removeprefix("- ").removesuffix("\n")


def _looks_like_a_value(name: str) -> bool:
    if name.lower() in _WORDS or not isinstance(yaml.safe_load(name), str):
        return True
    return _converts(float, name) or _converts(partial(int, base=0), name)


def _converts(convert: Callable[[str], object], name: str) -> bool:
    try:
        convert(name)
    except ValueError:
        return False
    return True
