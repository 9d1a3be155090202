"""Names that are HTML, templates or Markdown: in reports and in the UI they are text."""

import json
from collections import Counter

import pytest
from markdown_it import MarkdownIt

from profiling_assets.dagster.metadata import notes_metadata
from profiling_assets.quality.report.contents import BatchReportFacts, ReportFacts, facts_json
from profiling_assets.quality.report.page import batch_page, link, plate_page
from profiling_assets_tests.faults.hostile_bytes import FRAGMENTS
from profiling_assets_tests.quality.report_pages import parsed
from profiling_assets_tests.quality.test_report_page import EVIL, PICTURE, evil

NAMES = tuple(text for text in FRAGMENTS if text.strip())
MARKS = ("1. x", "2) x", "- x", "+ x", "* x", "---", "***", "===", "~~~ x", "``` x", "    x")
PLAIN = "a name"


def _facts(name: str) -> ReportFacts:
    """Return facts in which every name, cell, sentence and file is this text."""
    from pydantic import TypeAdapter

    text = json.dumps(facts_json(evil()))
    text = text.replace(json.dumps(EVIL)[1:-1], json.dumps(name)[1:-1])
    return TypeAdapter(ReportFacts).validate_json(text)


def _pages(name: str) -> tuple[bytes, bytes]:
    facts = _facts(name)
    whole = BatchReportFacts(name, (facts,), {name: name}, facts.selections, facts.provenance)
    return (
        plate_page(facts, {}, "../B.html"),
        batch_page(whole, {name: PICTURE}, {name: link(".", f"{name}.html")}),
    )


def _shape(page: bytes) -> Counter[tuple[str, tuple[str, ...]]]:
    """Count the elements of a page by their name and the names of their attributes."""
    return Counter((name, tuple(sorted(found))) for name, found in parsed(page).elements)


@pytest.mark.parametrize("name", NAMES)
def test_no_name_makes_an_element_or_an_attribute_in_a_report(name: str) -> None:
    for page, plain in zip(_pages(name), _pages(PLAIN), strict=True):
        assert _shape(page) == _shape(plain)
        addresses = parsed(page).all("a", "href")
        assert not [a for a in addresses if not a.startswith(("#", "./", "../"))]


@pytest.mark.parametrize("name", [*NAMES, *MARKS])
def test_no_name_makes_markup_in_the_notes_of_the_web_ui(name: str) -> None:
    notes = [f"well {name} is lost", name, f"a\r# {name}\n\n<b>{name}</b>\r\n    {name}"]
    text = notes_metadata(notes)["warning_texts"].value
    assert isinstance(text, str)
    page = MarkdownIt("commonmark", {"html": True}).enable(["strikethrough", "table"]).render(text)
    elements = Counter(found for found, _ in parsed(page.encode()).elements)
    assert set(elements) <= {"ul", "li", "p"}
    assert elements["li"] == len(notes)
