"""Which rows of a table a query takes, with numbers compared as numbers.

Put here: what a query's columns are compared as, its rows, and why it takes none.
Do not put here: what may be written (`config.queries`), fitting on the rows (`reference_wells`).
Metadata are verbatim text (`000123` is a name). A query of pycytominer meets what pandas made of
that text in reading; so each comparison gets the column that it asks for: as pandas would read it
beside a number, the text beside a text.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

import ast
import copy
import io
from collections import Counter
from typing import Any, cast

import numpy as np
import pandas as pd

from profiling_assets.config.queries import (
    ALL,
    Query,
    is_number,
    pairs,
    parsed_query,
    query_problem,
    quoted_number,
)
from profiling_assets.errors import InvalidInputError, listed, there_is
from profiling_assets.profiles.column_kinds import column, is_metadata

Rows = np.ndarray[Any, np.dtype[np.bool_]]
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
# pandas' `== [a, b]` means `in`
_SEVERAL: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.In,
    ast.NotEq: ast.NotIn,
}  # pandas' `== [a, b]` means `in`
_REMEDY = "mend options.samples, or samples of the step; write as Metadata_pert_type == 'control'"
# what pycytominer calls a column of which another table has one of the same name, and that table
HIDDEN = {"_external": "external metadata", "_platemap": "plate map"}


def taken_rows(frame: pd.DataFrame, text: str, *, of: str) -> Rows:
    """Tell which rows a query takes.

    `of`: whose rows they are, for messages. Raises `InvalidInputError` where the query cannot be
    read, names a column that is not there, or compares words with numbers.
    """
    if text == ALL:
        return np.ones(len(frame), dtype=np.bool_)
    query = parsed_query(text)
    if query is None:
        raise _refused(text, of, str(query_problem(text)))
    return _rows(frame, query, query.tree, text, of)


def _rows(frame: pd.DataFrame, query: Query, tree: ast.expr, text: str, of: str) -> Rows:
    for name in _columns(query, tree):
        if name not in frame.columns:
            there = [known for known in frame.columns if is_metadata(str(known))]
            raise _refused(text, of, there_is(name, there, what="columns"), f"no column {name}")
    asked = _Asked(frame, query, text, of)
    try:
        tree = copy.deepcopy(tree)
        asking = ast.unparse(asked.visit(tree))
        taken = cast(object, asked.table().query(asking, engine="python"))
    except (NameError, SyntaxError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise _refused(text, of, str(error)) from error
    if not isinstance(taken, pd.DataFrame):  # a query without a condition gives a column
        raise _refused(text, of, "it does not choose rows")
    return np.asarray(pd.RangeIndex(len(frame)).isin(taken.index), dtype=np.bool_)


def takes_none(frame: pd.DataFrame, text: str, *, of: str) -> str:
    """Say why a query takes no row: for each comparison that none fits, what is there instead.

    Empty where each fits some row, or the query cannot be read.
    """
    query = parsed_query(text)
    if query is None:
        return ""
    reasons: dict[str, None] = {}
    for node in ast.walk(query.tree):
        if isinstance(node, ast.Compare) and not _rows(frame, query, node, text, of).any():
            for _, left, right in pairs(node):
                for name, value in ((left, right), (right, left)):
                    if isinstance(name, ast.Name):
                        told = _instead(frame, query.columns[name.id], value)
                        reasons[told] = None
    return "; ".join(reasons)


def near_misses(frame: pd.DataFrame, text: str) -> list[str]:
    """Say which values differ from one that a query asks for in blanks or capitals alone."""
    query = parsed_query(text)
    if query is None:
        return []
    told: dict[str, None] = {}
    for node in ast.walk(query.tree):
        for operator, left, right in pairs(node) if isinstance(node, ast.Compare) else ():
            if not isinstance(operator, (ast.Eq, ast.In)) or not isinstance(left, ast.Name):
                continue
            name = query.columns[left.id]
            if name not in frame.columns:
                continue
            there = Counter(str(cell) for cell in column(frame, name).tolist())
            asked = _texts(right)
            for value, number in there.items():
                alike = [one for one in asked if one.strip().lower() == value.strip().lower()]
                if alike and value not in asked:
                    wells = f"{number} well{'s say' if number > 1 else ' says'}"
                    short = name.removeprefix("Metadata_")
                    told[f"{wells} {value!r} in {short}, which is not {alike[0]!r}"] = None
    return list(told)


def _texts(tree: ast.expr) -> list[str]:
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def _instead(frame: pd.DataFrame, name: str, value: ast.expr) -> str:
    short = name.removeprefix("Metadata_")
    texts = [str(cell) for cell in column(frame, name).tolist()]
    wanted = _texts(value)
    there = Counter(texts)
    numbers = as_read(column(frame, name))
    if set(there) == {""}:
        told = f"the column {short} is empty"
    elif not wanted and _is_number(numbers):
        told = f"{short} goes from {numbers.min():g} to {numbers.max():g}"
    else:
        told = there_is(wanted[0] if wanted else "", there, what=f"values of {short}")
    for suffix, table in HIDDEN.items():
        other = f"{name}{suffix}"
        if other in frame.columns:
            values = Counter(str(cell) for cell in column(frame, other).tolist())
            found = listed(f"{cell} {number}" for cell, number in values.most_common() if cell)
            if suffix == "_external":
                told += (
                    f"; the {table}'s own {short} ({found}) is hidden by it, and called {other}: "
                    "remove the column from one of the two"
                )
            else:
                told += f"; the {table}'s own {short} ({found}) is called {other}"
    return told


def _columns(query: Query, tree: ast.expr) -> list[str]:
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return list(dict.fromkeys(query.columns[name] for name in names))


def _refused(text: str, of: str, why: str, first: str = "") -> InvalidInputError:
    said = f"there is {first}; {why}" if first else why
    return InvalidInputError(
        f"the query for samples, {text!r}, does not work on {of}: {said}", remedy=_REMEDY
    )


class _Asked(ast.NodeTransformer):
    """Puts in the place of each column what it is compared as."""

    def __init__(self, frame: pd.DataFrame, query: Query, text: str, of: str) -> None:
        self.frame, self.query, self.text, self.of = frame, query, text, of
        self.series: dict[str, pd.Series] = {}
        self.read: dict[str, pd.Series] = {}

    def table(self) -> pd.DataFrame:
        """Return the columns that the rewritten query asks for."""
        return pd.DataFrame(self.series, index=pd.RangeIndex(len(self.frame)))

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        problem = quoted_number(node)
        if problem:
            raise _refused(self.text, self.of, f"it {problem}")
        parts = [self.compared(*pair) for pair in pairs(node)]
        return parts[0] if len(parts) == 1 else ast.BoolOp(ast.And(), parts)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.typed(node)  # a column of its own, as true or false

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name):  # `.str` and the like, which a notebook may ask for
            return ast.Attribute(self.verbatim(node.value), node.attr, node.ctx)
        return cast(ast.expr, self.generic_visit(node))

    def compared(self, operator: ast.cmpop, left: ast.expr, right: ast.expr) -> ast.expr:
        if isinstance(right, (ast.List, ast.Tuple)) and isinstance(left, ast.Name):
            kind = _SEVERAL.get(type(operator), type(operator))
            texts = [item for item in right.elts if _is_text(item)]
            others = [item for item in right.elts if not _is_text(item)]
            asked = [
                self.pair(kind(), left, ast.List(items, ast.Load()))
                for items in (texts, others)
                if items or not right.elts
            ]
            if not asked[1:]:
                return asked[0]
            return ast.BoolOp(ast.And() if kind is ast.NotIn else ast.Or(), asked)
        return self.pair(operator, left, right)

    def pair(self, operator: ast.cmpop, left: ast.expr, right: ast.expr) -> ast.expr:
        names = [side for side in (left, right) if isinstance(side, ast.Name)]
        others = [side for side in (left, right) if not isinstance(side, ast.Name)]
        if len(names) == 2:
            numbers = all(_is_number(self.reading(name)) for name in names)
            if (
                not numbers
                and isinstance(operator, _ORDER)
                and any(_is_number(self.reading(name)) for name in names)
            ):
                for name in names:
                    self.refuse_words(name, "a column of numbers")
        else:
            numbers = not any(_holds_text(side) for side in others)
            if numbers and names:
                self.refuse_words(names[0], ast.unparse(others[0]))
        sides = [
            (self.typed(side) if numbers else self.verbatim(side))
            if isinstance(side, ast.Name)
            else side
            for side in (left, right)
        ]
        return ast.Compare(sides[0], [operator], [sides[1]])

    def refuse_words(self, name: ast.Name, beside: str) -> None:
        values = self.reading(name)
        if _is_number(values):
            return
        texts = values.dropna().astype(str).tolist()
        words = Counter(text for text in texts if not is_number(text))
        told = listed(f"{word} {count}" for word, count in words.most_common())
        named = self.query.columns[name.id]
        raise InvalidInputError(
            f"the query for samples, {self.text!r}, compares {named} of {self.of} with {beside}, "
            f"and the column holds words: {told}",
            remedy="leave those cells empty, or write the value in quotes to compare text: == '5'",
        )

    def typed(self, name: ast.Name) -> ast.expr:
        return self.alias(name, "read", self.reading(name))

    def verbatim(self, name: ast.Name) -> ast.expr:
        return self.alias(name, "text", column(self.frame, self.query.columns[name.id]))

    def alias(self, name: ast.Name, kind: str, values: pd.Series) -> ast.expr:
        new = f"{kind}_{list(self.query.columns).index(name.id)}"
        self.series[new] = pd.Series(values.to_numpy(), dtype=values.dtype)
        return ast.Name(new, ast.Load())

    def reading(self, name: ast.Name) -> pd.Series:
        named = self.query.columns[name.id]
        if named not in self.read:
            self.read[named] = as_read(column(self.frame, named))
        return self.read[named]


def as_read(values: pd.Series) -> pd.Series:
    """Return a column as pandas reads it from a CSV file: numbers, true and false, else text."""
    if pd.api.types.is_numeric_dtype(values):
        return values
    written = pd.DataFrame({"read": values.to_numpy()}).to_csv(index=False)
    return column(pd.read_csv(io.StringIO(written), skip_blank_lines=False), "read")


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values)  # true and false are, to pandas


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _holds_text(node: ast.expr) -> bool:
    return any(_is_text(part) for part in ast.walk(node) if isinstance(part, ast.expr))
