"""A frozen list of features: read from a file, and kept on plates instead of a selection.

Put here: what such a file may look like, the selection that it makes.
Do not put here: selecting features (`feature_select`), the list that results (`feature_list`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from profiling_assets.errors import InvalidInputError, listed
from profiling_assets.profiles.column_kinds import is_measured, is_metadata, numeric_columns
from profiling_assets.profiles.feature_list import (
    DROPPED,
    KEPT,
    FeatureSelection,
    Ground,
    infinite_cells,
    infinite_note,
    ledger_row,
    metadata_of,
    others_of,
    plates_told,
    selection_of,
)
from profiling_assets.profiles.hand_written import read_hand_made, text_lines
from profiling_assets.workspace.names import PlateKey

FROZEN_LIST, BLOCKLIST = "frozen list of features", "blocklist"
NOT_IN_LIST = "not_in_frozen_list"
_LIST_COLUMNS = ("column", "kind", "outcome")
_FEATURE = "feature"
_KINDS = (_FEATURE, "metadata")
_OUTCOMES = (KEPT, DROPPED)
_HEADERS = frozenset({"feature", "features", "column", "blocklist"})
_REMEDY = "write one feature a line, or name a list of selected features of an earlier run"
_DROPPED = (NOT_IN_LIST, Ground("not on the frozen list of features"))
_SEPARATORS = "\t,;"
_AROUND = f" {_SEPARATORS}"  # what a spreadsheet leaves around a single column


@dataclass(frozen=True)
class FrozenFeatures:
    """A list of features that was decided on before."""

    path: str  # where it lies, for messages
    names: tuple[str, ...]  # the features, in the order in which they are to be


def read_frozen_features(data: bytes, *, path: str, what: str = FROZEN_LIST) -> FrozenFeatures:
    """Read a list of features: a frozen list, or a blocklist.

    `data`: UTF-8 text: a list of selected features of an earlier run (columns column, kind and
    outcome), of which the kept features are taken; or one feature a line, the first of which may be
    the header `feature`. In the order of the file. Raises `InvalidInputError` where it is not such
    a text, names no feature, one twice, metadata, or what is no name (quotes, a # in front, a
    control character); where a line of a list of an earlier run has another kind or outcome than
    such a list has, or no name.
    """
    rows = [(at, line.strip(_AROUND)) for at, line in enumerate(text_lines(data, path), start=1)]
    rows = [(at, line) for at, line in rows if line]
    if not rows:
        raise InvalidInputError(f"the {what} is empty", path=path, remedy=_REMEDY)
    entries = _kept(data, path) if _is_several(rows[0][1]) else _listed(rows, path)
    lines: dict[str, int] = {}
    for line, name in entries:
        strange = _strange(name)
        if strange:
            raise InvalidInputError(
                f"line {line} names {name!r}, which {strange}: no feature is named so",
                path=path,
                remedy="write the name as the profiles have it, or take that line out",
            )
        if is_metadata(name):
            raise InvalidInputError(
                f"line {line} names {name}, which is metadata and no feature",
                path=path,
                remedy="take that line out: metadata stay in any case",
            )
        if not is_measured(name):
            raise InvalidInputError(
                f"line {line} names {name}, which describes images: it is no feature",
                path=path,
                remedy="take that line out",
            )
        if name in lines:
            raise InvalidInputError(
                f"lines {lines[name]} and {line} both name {name}",
                path=path,
                remedy="take one of them out",
            )
        lines[name] = line
    if not lines:
        verb = "names" if what == BLOCKLIST else "keeps"
        raise InvalidInputError(f"the {what} {verb} no feature", path=path, remedy=_REMEDY)
    return FrozenFeatures(path, tuple(lines))


def frozen_selection(
    frames: Mapping[PlateKey, pd.DataFrame], frozen: FrozenFeatures, *, level: str
) -> FeatureSelection:
    """Keep the features of a frozen list, and no other, on one plate or several.

    `frames`: normalized profiles, in the order of batch and plate. The metadata of all plates, then
    the features of the list in its order, then in the ledger all others as dropped. A kept feature
    says on which plates it is absent or infinite. Raises `InvalidInputError` where a feature of the
    list is on no plate, or holds words.
    """
    others = others_of(frames)
    strangers = sorted(set(frozen.names).difference(others), key=frozen.names.index)
    if strangers:
        raise InvalidInputError(
            f"{len(strangers)} of its {len(frozen.names)} features are on no plate of "
            f"{plates_told(frames)}: {listed(strangers)}",
            path=frozen.path,
            remedy="take them out of the list, or name a list whose features these plates have",
        )
    infinite: dict[str, list[str]] = {}
    absent: dict[str, list[str]] = {}
    for key, frame in frames.items():
        there = [name for name in frozen.names if name in frame.columns]
        for name in set(frozen.names).difference(there):
            absent.setdefault(name, []).append(str(key))
        if there:
            _refuse_words(frame, there, key, frozen.path)
        values = frame.loc[:, there].to_numpy(dtype=np.float64)
        for place, cells in infinite_cells(key, values).items():
            infinite.setdefault(there[place], []).append(cells)
    kept = set(frozen.names)
    rows = [
        *(
            ledger_row(name, level, note=_note(infinite.get(name, []), absent.get(name, [])))
            for name in frozen.names
        ),
        *(ledger_row(name, level, _DROPPED) for name in others if name not in kept),
    ]
    return selection_of((*metadata_of(frames), *frozen.names), rows)


def _refuse_words(frame: pd.DataFrame, names: Sequence[str], key: PlateKey, path: str) -> None:
    numeric = numeric_columns(frame)
    words = [name for name in names if name not in numeric]
    if words:
        raise InvalidInputError(
            f"it names {words[0]}, which holds words, not numbers, in the profiles of {key}",
            path=path,
            remedy="take it out of the list, or mend the profiles",
        )


def _note(infinite: Sequence[str], absent: Sequence[str]) -> str:
    lacking = f"absent, and empty, on {', '.join(absent)}" if absent else ""
    return "; ".join(part for part in (infinite_note(infinite), lacking) if part)


def _is_several(line: str) -> bool:
    return any(mark in line for mark in _SEPARATORS)


def _listed(rows: Sequence[tuple[int, str]], path: str) -> list[tuple[int, str]]:
    for line, text in rows:
        if _is_several(text):
            raise InvalidInputError(
                f"line {line} has several cells", path=path, remedy="write one feature a line"
            )
    named = [(line, _unquoted(text).strip()) for line, text in rows]
    return named[1:] if named[0][1].lower() in _HEADERS else named


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return text[1:-1] if quoted else text


def _strange(name: str) -> str:
    if name.startswith("#"):
        return "begins with #"  # a remark: the file has none
    if '"' in name or name[:1] == "'" or name[-1:] == "'":
        return "has a quote"
    return "" if name.isprintable() else "has a character that cannot be seen"


def _kept(data: bytes, path: str) -> list[tuple[int, str]]:
    table = read_hand_made(data, path=path, expected=_LIST_COLUMNS)
    absent = [name for name in _LIST_COLUMNS if name not in table.names]
    if absent:
        raise InvalidInputError(
            f"not a list of features: it has the columns {listed(table.names)}, "
            f"and no column {absent[0]}",
            path=path,
            remedy=_REMEDY,
        )
    kept: list[tuple[int, str]] = []
    cells = zip(table.lines, *(table.values(name) for name in _LIST_COLUMNS), strict=True)
    for line, *texts in cells:
        name, kind, outcome = (text.strip() for text in texts)
        if not name + kind + outcome:  # what a spreadsheet leaves below a table
            continue
        _refuse_unknown(line, "kind", kind, _KINDS, path)
        _refuse_unknown(line, "outcome", outcome, _OUTCOMES, path)
        if not name:
            raise InvalidInputError(
                f"line {line} has no name in column",
                path=path,
                remedy="name the feature, or take that line out",
            )
        if (kind, outcome) == (_FEATURE, KEPT):
            kept.append((line, name))
    return kept


def _refuse_unknown(line: int, column: str, word: str, known: Sequence[str], path: str) -> None:
    # a slip of the hand would lose the feature without a word
    if word not in known:
        said = " or ".join(known)
        what = f"has {column} {word!r}" if word else f"has no {column}"
        raise InvalidInputError(
            f"line {line} {what}", path=path, remedy=f"write {said} there, or take that line out"
        )
