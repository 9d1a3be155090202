"""The pages of the reports, from facts alone."""

import re
from dataclasses import fields, replace
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiling_assets.quality.report.contents import (
    BatchReportFacts,
    Ledger,
    Normalization,
    Provenance,
    ReportFacts,
    Rows,
    Selection,
    Share,
    SourceFile,
    facts_of_page,
)
from profiling_assets.quality.report.page import (
    batch_page,
    data_uri,
    link,
    number,
    percent,
    plate_page,
)
from profiling_assets_tests.quality.report_pages import parsed

EVIL = "<b>x</b>\"'&{{ 7*7 }}</script><script>alert(1)</script>"
PICTURE = {"cell_count": data_uri(b"picture", "image/png")}
FULL = ReportFacts(
    "B",
    "000123",
    sites=Share(47, 48, {"complete": 47, "missing": 1}),
    wells=Share(23, 24, {"profile": 23, "no_profile": 1}),
    cells=5334,
    objects={"Cells": Rows(5334, 5189)},
    images={"Well_Count": "24", "Images_per_site": ""},
    counts={"cells_per_well_median": 86.5, "share_of_empty_wells": 0.0833},
    position={"position_effect_row": 0.05},
    likeness={"negcon_correlation": -0.022, "replicates_told_by": "Metadata_x"},
    normalizations=(Normalization("all wells", "p.csv.gz", 23, 225, 12, 0.0533, 3),),
    selections=(Selection("all wells", "batch", "list.tsv", 141, {"blocklist": 4}),),
    ledgers=(Ledger("Sites", "s.tsv", 47, ("well", "state"), (("D05", "missing"),)),),
    warnings=("1 site: missing",),
    unknown=("not drawn: controls",),
    provenance=Provenance(
        (SourceFile("s.tsv", 1234, "abcd"),), {"plate_report": "1-x"}, {"numpy": "2"}
    ),
)


def evil(plate: str = EVIL) -> ReportFacts:
    return ReportFacts(
        EVIL,
        plate,
        objects={EVIL: Rows(1, 1)},
        images={"Well_Count": EVIL},
        likeness={"replicates_told_by": EVIL},
        normalizations=(Normalization(EVIL, EVIL, 1, 1, 0, 0, 0),),
        selections=(Selection(EVIL, EVIL, EVIL, 1, {EVIL: 1}),),
        ledgers=(Ledger(EVIL, EVIL, 0, (EVIL,), ((EVIL,),)),),
        warnings=(EVIL,),
        unknown=(EVIL,),
        provenance=Provenance((SourceFile(EVIL, 1, EVIL),), {EVIL: EVIL}, {EVIL: EVIL}),
    )


def test_every_fact_of_a_plate_is_on_its_page() -> None:
    page = parsed(plate_page(FULL, PICTURE, "../B.html"))
    for said in (
        "Plate 000123", "47 of 48", "23 of 24", "5,334", "5,189", "86.5", "8 %", "0.05", "-0.022",
        "Metadata_x", "225", "12", "5 %", "141 of 145 features kept", "blocklist", "list.tsv",
        "D05", "47 fine, 1 not", "1 site: missing", "not drawn: controls", "s.tsv", "1,234", "abcd",
        "1-x", "numpy 2",
    ):  # fmt: skip
        assert said in page.text, said
    assert page.all("img", "src") == [PICTURE["cell_count"]]
    assert [a for a in page.all("a", "href") if a[0] != "#"] == ["../B.html"]
    assert "images a site" not in page.text  # an empty text is no number


def test_a_page_needs_no_network_and_runs_nothing() -> None:
    for content in (
        plate_page(FULL, PICTURE, "../B.html"),
        batch_page(BatchReportFacts("B", (FULL,)), {FULL.plate: PICTURE}, {FULL.plate: "./x.html"}),
    ):
        page = parsed(content)
        assert not re.search(rb"https?:|//|@import|url\(", content)
        assert not page.names() & {"link", "iframe", "object", "embed", "base", "form"}
        scripts = [found for name, found in page.elements if name == "script"]
        assert all(found.get("type") == "application/json" for found in scripts)
        assert not any(name.startswith("on") for _, found in page.elements for name in found)
        metas = [found for name, found in page.elements if name == "meta"]
        assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in metas


def test_nothing_that_a_name_holds_becomes_markup() -> None:
    plain = parsed(plate_page(replace(evil("P"), plate="P"), {}, "../B.html"))
    page = parsed(plate_page(evil(), {}, "../B.html"))
    assert [name for name, _ in page.elements] == [name for name, _ in plain.elements]
    assert "b" in page.names()  # of the verdict
    assert page.text.count(EVIL) > 15
    facts = BatchReportFacts(EVIL, (evil(),), {EVIL: EVIL}, evil().selections, evil().provenance)
    batch = parsed(batch_page(facts, {EVIL: PICTURE}, {EVIL: link(".", f"{EVIL}.html")}))
    assert batch.text.count(EVIL) > 8
    assert "script" not in batch.names()
    (address, *_) = (a for a in batch.all("a", "href") if not a.startswith("#"))
    assert unquote(address) == f"./{EVIL}.html"
    assert not set(address) & set("<>\"'& ")


@pytest.mark.parametrize("facts", [FULL, evil(), ReportFacts("B", "P")])
def test_the_facts_are_read_back_from_the_page(facts: ReportFacts) -> None:
    content = plate_page(facts, PICTURE, "../B.html")
    assert facts_of_page(content) == facts
    assert plate_page(facts, PICTURE, "../B.html") == content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html></html>",
        b'<script type="application/json" id="facts">{"plate": 1}</script>',
        b'<script type="application/json" id="facts">\xff</script>',
    ],
)
def test_a_page_of_another_program_has_no_facts(content: bytes) -> None:
    assert facts_of_page(content) is None


def test_what_is_not_known_is_said() -> None:
    page = parsed(plate_page(ReportFacts("B", "P"), {}, "../B.html"))
    assert page.text.count("not known") == 3
    assert "There are no ledgers" in page.text
    assert "There are no normalized profiles" in page.text


def test_long_ledgers_are_folded_and_short_ones_open() -> None:
    def shown(lines: int) -> list[bool]:
        ledger = Ledger("Sites", "s.tsv", 0, ("well",), (("A01",),) * lines)
        page = parsed(plate_page(ReportFacts("B", "P", ledgers=(ledger,)), {}, "x"))
        return ["open" in found for name, found in page.elements if name == "details"][:1]

    assert shown(12) == [True]
    assert shown(13) == [False]


def test_a_batch_has_a_row_and_a_link_for_each_plate_and_tells_of_the_others() -> None:
    plates = (FULL, ReportFacts("B", "P2"))
    facts = BatchReportFacts("B", plates, {"P3": "excluded: out of focus"}, FULL.selections)
    links = {"000123": "./000123/000123.html", "P2": "./P2/P2.html"}
    page = parsed(batch_page(facts, {"000123": PICTURE, "P2": {}}, links))
    addresses = page.all("a", "href")
    assert [a for a in addresses if a[0] != "#"] == [*links.values(), links["000123"]]
    assert "2 of 3" in page.text
    assert "excluded: out of focus" in page.text
    assert "47 of 48" in page.text
    assert page.all("img", "alt") == ["cell count of 000123"]


@pytest.mark.parametrize(
    "content",
    [
        plate_page(FULL, PICTURE, "x"),
        plate_page(ReportFacts("B", "P"), {}, "x"),
        batch_page(BatchReportFacts("B", (FULL,)), {"000123": PICTURE}, {"000123": "./x"}),
        batch_page(BatchReportFacts("B"), {}, {}),
    ],
)
def test_the_list_of_contents_names_every_section_in_its_order(content: bytes) -> None:
    page = parsed(content)
    named = [a.removeprefix("#") for a in page.all("a", "href") if a.startswith("#")]
    assert named == page.all("h2", "id")
    assert len(named) >= 3


def test_a_batch_without_plates_has_a_page() -> None:
    assert "Batch B" in parsed(batch_page(BatchReportFacts("B"), {}, {})).text


@given(st.text(min_size=1))
def test_any_name_survives_in_an_address(name: str) -> None:
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        return
    assert unquote(link("..", name).removeprefix("../")) == name


@settings(max_examples=200)
@given(st.floats(0, 1))
def test_not_quite_all_is_not_written_as_all(share: float) -> None:
    text = percent(share)
    assert (text == "100 %") == (share == 1)
    assert (text == "0 %") == (share == 0)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234567, "1,234,567"), (86.5, "86.5"), (0.0001, "0"), (-0.0221, "-0.022"), ("007", "007")],
)
def test_numbers_are_written_short(value: float | str, text: str) -> None:
    assert number(value) == text


def test_no_fact_is_left_out_of_the_full_example() -> None:
    assert all(getattr(FULL, one.name) for one in fields(FULL))
