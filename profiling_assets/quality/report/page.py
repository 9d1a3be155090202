"""Facts to one HTML page: no script, no network, names escaped, equal facts give equal bytes.

Put here: what is laid out by a template, and how numbers are written.
Do not put here: the facts (`contents`), gathering them (`steps.report`).
Library: Jinja2 with autoescape, https://jinja.palletsprojects.com/en/stable/api/#autoescaping
"""

import base64
from collections.abc import Callable, Mapping
from functools import cache
from typing import cast
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from profiling_assets.quality.report.contents import BatchReportFacts, ReportFacts, facts_json

_PACKAGE = "profiling_assets"
_TEMPLATES = "quality/report/templates"

# in the order in which a page shows them, with what is said below each
PICTURES: Mapping[str, str] = {
    "site_completeness": "Share of each well's expected sites that are complete in its profile.",
    "cell_count": "Cells of each well; hatched: no profile.",
    "cell_count_distribution": "Wells by their cells, controls and treatments.",
    "position_effect": "Share of a well's correlations with its row and column that stand out.",
    "correlation": "Correlation of every two wells, row by row of the plate.",
    "controls": "Each well's median correlation with the negative controls.",
}
_LABELS = {
    "cells_per_well_median": "cells a well, median",
    "cells_per_well_cv": "coefficient of variation",
    "cells_per_well_lowest": "fewest cells of a well",
    "cells_per_well_highest": "most cells of a well",
    "share_of_empty_wells": "wells without a profile or a cell",
    "position_effect_row": "row: share of correlations that stand out",
    "position_effect_column": "column: share of correlations that stand out",
    "position_effect_median": "median of the wells",
    "position_effect_by_chance": "expected by chance",
    "negcon_correlation": "negative controls with each other",
    "treatment_to_negcon_correlation": "treatments with negative controls",
    "replicate_correlation": "replicates with each other",
    "replicates_told_by": "replicates are told by",
    "Well_Count": "wells of the load data",
    "Images_per_site": "images a site",
    "Sites_per_well_Median": "sites a well, median",
    "Sites_per_well_mad": "sites a well, mean absolute deviation",
}
_PERCENT = {"share_of_empty_wells"}


def plate_page(facts: ReportFacts, pictures: Mapping[str, str], link_to_batch: str) -> bytes:
    """Lay out the report of a plate."""
    return _rendered(
        "plate.html.j2",
        facts=facts,
        pictures=_captioned(pictures),
        link_to_batch=link_to_batch,
        block=facts_json(facts),
    )


def batch_page(
    facts: BatchReportFacts, pictures: Mapping[str, Mapping[str, str]], links: Mapping[str, str]
) -> bytes:
    """Lay out the report of a batch."""
    rows = {
        name: {plate: of[name] for plate, of in pictures.items() if name in of} for name in PICTURES
    }
    shown = {name: (PICTURES[name], of) for name, of in rows.items() if of}
    most = max((float(p.counts.get("cells_per_well_median", 0)) for p in facts.plates), default=0)
    return _rendered("batch.html.j2", facts=facts, pictures=shown, links=links, most_cells=most)


def data_uri(content: bytes, kind: str) -> str:
    """Return a picture as an address that holds it."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def link(*parts: str) -> str:
    """Return a relative address of names that may hold any letter.

    `parts`: folders and a file; the first is `.` or `..`, so that a name with a colon is no scheme.
    """
    return "/".join(quote(part, safe="") for part in parts)


def percent(share: float) -> str:
    """Write a share as percent; what is not all, or not nothing, is never written as such.

    With as many decimals as tell it from 0 and 100 %, at most two.
    """
    if 0 < share < 0.0001:
        return "<0.01 %"
    if 0.9999 < share < 1:
        return ">99.99 %"
    for decimals in (0, 1, 2):
        text = f"{100 * share:.{decimals}f}"
        if (float(text) in {0, 100}) == (share in {0, 1}):
            break
    return f"{text} %"


def number(value: float | str) -> str:
    """Write a number with thousands apart, and fractions with at most three decimals."""
    if isinstance(value, str):
        return value
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.3f}".rstrip("0").rstrip(".")


def _labelled(numbers: Mapping[str, float | str]) -> dict[str, str]:
    """Label the numbers that the page has a word for, in the order of the words."""
    return {
        label: percent(float(numbers[name])) if name in _PERCENT else number(numbers[name])
        for name, label in _LABELS.items()
        if name in numbers and numbers[name] != ""
    }


def _captioned(pictures: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    return {n: (pictures[n], caption) for n, caption in PICTURES.items() if n in pictures}


@cache
def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader(_PACKAGE, _TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = cast("dict[str, Callable[..., object]]", found.filters)  # pyright: ignore[reportUnknownMemberType] - untyped in Jinja2
    filters.update(percent=percent, number=number, labelled=_labelled)
    return found


def _rendered(template: str, **values: object) -> bytes:
    return _environment().get_template(template).render(**values).encode()
