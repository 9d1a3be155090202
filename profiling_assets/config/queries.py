"""Queries for wells, as the config has them: what may be written, and the columns that are named.

Put here: reading a query's text, and what cannot be meant whatever the table is.
Do not put here: which wells a query takes (`profiles.samples`).
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from profiling_assets.config.types import Complaint

QUERY_EXAMPLE = "Metadata_Object_Count >= 50 and Metadata_pert_type != 'empty'"
ALL = "all"
NEGATIVE = "Metadata_control_type == 'negcon'"  # the negative controls by default
_QUOTED_COLUMN = re.compile(r"`([^`\n]+)`")
_LONGEST_QUERY = 2000
_WORDS = {"&": " and ", "|": " or "}  # pandas binds them as loosely as the words
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_ALLOWED = (
    ast.Expression,
    ast.BoolOp,
    ast.And,
    ast.Or,
    ast.UnaryOp,
    ast.Not,
    ast.Invert,
    ast.USub,
    ast.Compare,
    ast.Eq,
    ast.NotEq,
    *_ORDER,
    ast.In,
    ast.NotIn,
    ast.Name,
    ast.Load,
    ast.Constant,
    ast.List,
    ast.Tuple,
)


@dataclass(frozen=True)
class Query:
    """A query as it was read."""

    tree: ast.expr
    columns: Mapping[str, str]  # the names in the tree, and the columns that they stand for


def parsed_query(text: str) -> Query | None:
    """Read a query; None where it is no expression that Python knows."""
    columns: dict[str, str] = {}

    def stand_in(found: re.Match[str]) -> str:
        name = f"_column_{len(columns)}_"
        columns[name] = found[1]
        return name

    try:
        tree = ast.parse(_spelled(_QUOTED_COLUMN.sub(stand_in, text).strip()), mode="eval").body
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                columns.setdefault(node.id, node.id)
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError):
        return None
    return Query(tree, columns)


def _spelled(text: str) -> str:
    tokens = [
        (kind, _WORDS.get(word, word) if kind == tokenize.OP else word)
        for kind, word, *_ in tokenize.generate_tokens(io.StringIO(text).readline)
    ]
    return tokenize.untokenize(tokens).strip()


def query_problem(text: str) -> str | None:
    """Say why a text cannot be used as a query for wells.

    Parameters
    ----------
    text : str
        A pandas query over metadata columns; a column with blanks stands in backticks.

    Returns
    -------
    str or None
        The rest of a sentence that begins with the key, or None where the query can be used.
    """
    if len(text) > _LONGEST_QUERY:
        return f"is longer than {_LONGEST_QUERY} characters"
    query = parsed_query(text)
    if query is None:
        return "is neither `all` nor a query over columns"
    nodes = list(ast.walk(query.tree))
    if not all(isinstance(node, _ALLOWED) for node in nodes):
        return "does more than compare columns with values"
    compared = [node for node in nodes if isinstance(node, ast.Compare)]
    if not compared:
        return "compares nothing"
    if not query.columns:
        return "names no column"
    return next(filter(None, map(quoted_number, compared)), None)


def quoted_number(node: ast.Compare) -> str | None:
    """Say that a comparison puts a number in quotes in order, which would go by letters."""
    for operator, left, right in pairs(node):
        for value in (left, right):
            text = value.value if isinstance(value, ast.Constant) else None
            if isinstance(operator, _ORDER) and isinstance(text, str) and is_number(text):
                told = ast.unparse(value)
                return f"asks what is more or less than the text {told}; write {text} unquoted"
    return None


def pairs(node: ast.Compare) -> list[tuple[ast.cmpop, ast.expr, ast.expr]]:
    """Return each comparison of a chain with what is to its left and right."""
    operands = [node.left, *node.comparators]
    return list(zip(node.ops, operands, operands[1:], strict=False))


def is_number(text: str) -> bool:
    """Say whether a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def samples_complaints(query: str | None) -> Iterator[Complaint]:
    """Yield what is wrong with a query for samples."""
    problem = None if query in {None, ALL} else query_problem(str(query))
    if problem:
        yield "samples", problem, f"write all, or a query such as {QUERY_EXAMPLE}"
