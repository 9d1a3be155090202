"""Pages of a listing: read by a pattern as by an XML parser, and before botocore does."""

from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
from botocore import handlers
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.workspace.storage.s3.page_xml import (
    Page,
    _by_parser,
    _by_pattern,
    page_of,
)
from profiling_assets.workspace.storage.s3.workspace import S3Workspace

JUDGE = "_looks_like_special_case_error"  # botocore's look for errors in answers of status 200
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
SPACE = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
OWNER = "<Owner><ID>75aa</ID><DisplayName>a lab</DisplayName></Owner>"

KEYS = st.one_of(
    st.text(alphabet="ab/ +%20~'.", max_size=8),
    st.sampled_from(["a&amp;b", "a&#10;b", "Zürich", "a%0Ab%1B", "%E6%97%A5", "a\tb", "\x01", ""]),
)
TAGS = st.sampled_from(['"0af-2"', "&quot;0af&quot;", "0af", "", 'W/"x"'])
NOON = "2026-01-01T12:00:00.000Z"
TIMES = st.sampled_from(
    [*[NOON] * 9, "2026-02-03T04:05:06+01:00", "2026-13-01T00:00:00Z", "2026", "now", ""]
)
SIZES = st.sampled_from([*"0123456789", "12345678901", "-1", " 7 ", "x"])
GAPS = st.sampled_from(["", "\n  "])
EXTRAS = st.sampled_from(
    ["", "<StorageClass>STANDARD</StorageClass>", "<Key>second</Key>", "<Odd/>", OWNER]
)
BETWEEN = st.sampled_from(["", " ", "x", "<!-- <Contents> -->", "<?odd?>", "<Contents/>"])


@st.composite
def contents(draw: st.DrawFn) -> str:
    gap = draw(GAPS)
    parts = [
        f"<Key>{draw(KEYS)}</Key>",
        f"<LastModified>{draw(TIMES)}</LastModified>",
        f"<ETag>{draw(TAGS)}</ETag>",
        f"<Size>{draw(SIZES)}</Size>",
        draw(EXTRAS),
    ]
    if not draw(st.integers(0, 5)):
        parts = draw(st.permutations(parts))
    if not draw(st.integers(0, 5)):
        parts.pop(draw(st.integers(0, 4)))
    return f"<Contents>{gap}{gap.join(parts)}{gap}</Contents>{gap}"


PREFIXES = KEYS.map(lambda key: f"<CommonPrefixes><Prefix>{key}</Prefix></CommonPrefixes>")


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    items = draw(st.lists(st.one_of(contents(), PREFIXES), max_size=5))
    if draw(st.booleans()):
        items.sort(key=lambda item: not item.startswith("<Contents>"))
    if not draw(st.integers(0, 3)):
        items.insert(draw(st.integers(0, len(items))), draw(BETWEEN))
    if not draw(st.integers(0, 7)):
        items = ["<Wrapped>", *items, "</Wrapped>"]
    encoding = draw(st.sampled_from(["", "<EncodingType>url</EncodingType>"]))
    space = draw(st.sampled_from(["", SPACE]))
    name = draw(st.sampled_from(["ListBucketResult"] * 5 + ["Error"]))
    text = f"{HEAD}<{name}{space}><IsTruncated>false</IsTruncated>{encoding}{''.join(items)}"
    text += f"<KeyCount>{len(items)}</KeyCount></{name}>"
    cut = draw(st.integers(0, 9))
    return text.encode()[: -cut if cut == 1 else None]


def outcome(
    read: Callable[[bytes], tuple[Page, bytes] | None], body: bytes
) -> tuple[Page, list[tuple[str, str | None]]] | None:
    """Return what was read and what was left, or None where it was refused."""
    try:
        taken = read(body)
    except (ET.ParseError, KeyError, ValueError):
        return None
    return None if taken is None else (taken[0], [(e.tag, e.text) for e in ET.fromstring(taken[1])])


@given(bodies())
def test_what_the_pattern_reads_the_parser_reads_too(body: bytes) -> None:
    fast = outcome(_by_pattern, body)
    assert fast is None or fast == outcome(_by_parser, body)
    taken = page_of(body)
    whole = outcome(_by_parser, body)
    assert (taken is None) == (whole is None)
    assert taken is None or whole is None or taken[0] == whole[0]


BY_AWS = (
    f"<Contents><Key>a%20b/c+d</Key><LastModified>{NOON}</LastModified>"
    "<ETag>&quot;0af-2&quot;</ETag><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>"
    "<ChecksumType>FULL_OBJECT</ChecksumType><Size>7</Size>"
    "<StorageClass>STANDARD</StorageClass></Contents>"
)
INDENTED = (
    f"\n  <Contents>\n    <Key>a%20b/c+d</Key>\n    <LastModified>{NOON}</LastModified>\n"
    '    <ETag>"0af-2"</ETag>\n    <Size>7</Size>\n    <StorageClass>STANDARD</StorageClass>\n'
    "  </Contents>\n"
)
WITH_OWNERS = (
    f"<Contents><Key>a%20b/c+d</Key><LastModified>{NOON}</LastModified><ETag>0af-2</ETag>"
    f"<Size>7</Size>{OWNER}<StorageClass></StorageClass></Contents>"
)


@pytest.mark.parametrize("item", [BY_AWS, INDENTED, WITH_OWNERS])
def test_pages_as_servers_write_them_need_no_parser(item: str) -> None:
    body = (
        f"{HEAD}<ListBucketResult{SPACE}><EncodingType>url</EncodingType>{item * 3}"
        "<CommonPrefixes><Prefix>a/Z%C3%BC/</Prefix></CommonPrefixes>"
        "<NextContinuationToken>x</NextContinuationToken></ListBucketResult>"
    ).encode()
    taken = _by_pattern(body)
    assert taken is not None
    assert taken[0] == Page((("a b/c d", 7, "0af-2", 1767268800.0),) * 3, ("a/Zü/",))
    assert b"NextContinuationToken" in taken[1]


def test_botocore_gets_an_answer_without_the_keys(
    s3_workspace: S3Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[bytes] = []
    seen: Callable[[int, bytes], bool] = getattr(handlers, JUDGE)

    def spy(status: int, body: bytes) -> bool:
        parsed.append(body)
        return seen(status, body)

    monkeypatch.setattr(handlers, JUDGE, spy)
    s3_workspace.publish_bytes(b"1", "a/b")
    s3_workspace.list_two_levels("")
    s3_workspace.list_folder("")
    listings = [body for body in parsed if b"ListBucketResult" in body]
    assert len(listings) >= 2
    assert not any(b"Contents" in body or b"CommonPrefixes" in body for body in listings)
