"""Keys of earlier versions of the recipe, and pycytominer's names: read, or answered with today's.

Put here: what a key was called, and what says the same today.
Do not put here: today's keys (`sections`), slips of the hand (`load`).
The history of cytomining/profiling-recipe has them: `config_template.yml` from 2020 to 2023.
"""

import re
from collections.abc import Callable, Iterator, MutableMapping
from typing import cast

Values = MutableMapping[str, object]
_LISTS = ("compartments", "operations", "image_feature_categories", "fields")
_PICTURES = ("summary", "heatmap")
# pycytominer's name, or one of the recipe's before it had `options`: today's key
_RENAMED = {
    "mad_robustize_epsilon": "mad_robustize_fudge_factor",
    "operation": "operations",
    "blocklist_file": "blocklist",
    "external_metadata": "external.file",
    "external_join_on": "external.merge_column",
    "sample": "samples",
}
_IN_OPTIONS = ("samples", "float_format", "compression")


def renewed(values: Values) -> Iterator[tuple[str, str]]:
    """Say today's words for the former keys of the pipeline's document.

    `values`: the document; what says the same without doubt is put in its place, and former keys
    are taken out. Yields each key that nobody but the user can translate, and what it is today.
    """
    for key in _IN_OPTIONS:
        if key in values:
            del values[key]
            yield key, f"is options.{key} today; write it below options"
    for key in _LISTS:
        _split(values, key)
    for name, part in values.items():
        if isinstance(part, MutableMapping):
            yield from _section(name, cast("Values", part))
    for name, rule in _RULES:
        part = values.get(name)
        if isinstance(part, MutableMapping):
            yield from rule(cast("Values", part))


def renewed_batch(values: Values) -> Iterator[tuple[str, str]]:
    """Do the same for the document of a batch."""
    given = values.get("plates")
    plates = cast("tuple[object, ...]", given) if isinstance(given, tuple) else ()
    for number, plate in enumerate(plates, start=1):
        if isinstance(plate, MutableMapping) and "cell" in plate:
            cell = cast("Values", plate).pop("cell")
            what = (
                "is a column of barcode_platemap.csv today: write a column cell_line there, with "
                f"{cell} in the line of the plate, and the profiles have Metadata_cell_line"
            )
            yield f"plates[{number}].cell", what


def _section(name: str, part: Values) -> Iterator[tuple[str, str]]:
    for key in _LISTS:
        _split(part, key)
    for former, today in _RENAMED.items():
        if former in part:
            del part[former]
            yield f"{name}.{former}", f"is {name}.{today} today"


def _split(part: Values, key: str) -> None:
    """Read `cells,cytoplasm,nuclei` as the list that it was."""
    text = part.get(key)
    if not isinstance(text, str) or (key == "fields" and not re.fullmatch(r"[\d\s,]*\d", text)):
        return
    if re.search(r"[<>\[\]{}]", text):
        return
    words = [word.strip() for word in text.split(",")]
    if all(words) and (len(words) > 1 or key in {"compartments", "fields"}):
        part[key] = tuple(map(int, words)) if key == "fields" else tuple(words)


def _aggregate(part: Values) -> Iterator[tuple[str, str]]:
    if part.get("features") == "infer":
        del part["features"]  # there was no other choice, and there is none today
    elif "features" in part:
        del part["features"]
        yield (
            "aggregate.features",
            "is no choice any more: all features are aggregated; list them in normalize.features",
        )


def _annotate(part: Values) -> Iterator[tuple[str, str]]:
    file = part.get("external")
    if isinstance(file, str):
        del part["external"]
        what = (
            f"is a section today: write `external: {{perform: true, file: {file}, merge_column: "
            "broad_sample}`, with the column that the file shares with the plate map"
        )
        yield "annotate.external", what


def _twin(name: str) -> Callable[[Values], Iterator[tuple[str, str]]]:
    def rule(part: Values) -> Iterator[tuple[str, str]]:
        asked = part.pop("negcon", None)
        if asked is not None and asked is not False:
            what = (
                f"is the section {name}_negcon today: write one with perform: true and the same "
                f"keys as {name}"
            )
            yield f"{name}.negcon", what
        wanted, by = part.pop("subgroups", None), part.pop("subgroup_col", None)
        if wanted not in {None, False}:
            if name == "normalize":
                what = f"is normalize.groups today: write `groups: [{by or 'Metadata_cell_line'}]`"
            else:
                what = "is no key today: selection follows what normalize.groups made"
            yield f"{name}.subgroups", what

    return rule


def _quality_control(part: Values) -> Iterator[tuple[str, str]]:
    if "operations" not in part:
        return
    asked = part.pop("operations")
    names = cast("tuple[object, ...]", asked) if isinstance(asked, tuple) else ()
    plain = bool(names) and all(name in _PICTURES for name in names)
    if plain and not any(name in part for name in _PICTURES):
        for name in names:
            part[str(name)] = {"perform": True}
        return
    yield (
        "quality_control.operations",
        "is quality_control.summary.perform and quality_control.heatmap.perform today",
    )


_RULES: tuple[tuple[str, Callable[[Values], Iterator[tuple[str, str]]]], ...] = (
    ("aggregate", _aggregate),
    ("annotate", _annotate),
    ("normalize", _twin("normalize")),
    ("feature_select", _twin("feature_select")),
    ("quality_control", _quality_control),
)
