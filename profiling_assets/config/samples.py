"""The query that narrows the wells a step is fitted on.

Put here: what such a query may say.
Do not put here: running it, and the samples that `min_cells` and the negcon twins imply.
pandas evaluates a query as Python, attribute access and calls included; a config file travels with
public data, so only comparisons of columns with values are let through.
"""

import ast
import re

_QUOTED_COLUMN = re.compile(r"`[^`\n]+`")
_LONGEST = 2000
_ALLOWED = (
    ast.Expression,
    ast.BoolOp,
    ast.And,
    ast.Or,
    ast.UnaryOp,
    ast.Not,
    ast.Invert,
    ast.USub,
    ast.BinOp,
    ast.BitAnd,
    ast.BitOr,
    ast.Compare,
    ast.Eq,
    ast.NotEq,
    ast.Lt,
    ast.LtE,
    ast.Gt,
    ast.GtE,
    ast.In,
    ast.NotIn,
    ast.Name,
    ast.Load,
    ast.Constant,
    ast.List,
    ast.Tuple,
)
QUERY_EXAMPLE = "Metadata_Object_Count >= 50 and Metadata_pert_type != 'empty'"


def query_problem(query: str) -> str | None:
    """Say why a text cannot be used as a query for samples.

    Parameters
    ----------
    query : str
        A pandas query over metadata columns; a column with blanks stands in backticks.

    Returns
    -------
    str or None
        The rest of a sentence that begins with the key, or None where the query can be used.
    """
    if len(query) > _LONGEST:
        return f"is longer than {_LONGEST} characters"
    try:
        tree = ast.parse(_QUOTED_COLUMN.sub("column", query).strip(), mode="eval")
        nodes = list(ast.walk(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "is neither `all` nor a query over columns"
    if not all(isinstance(node, _ALLOWED) for node in nodes):
        return "does more than compare columns with values"
    if not any(isinstance(node, ast.Compare) for node in nodes):
        return "compares nothing"
    return None
