"""Files that were thought out to break a reader, each by its own means.

Put here: bombs, numbers and names that no generator would hit upon.
Do not put here: generated damage (`hostile_bytes`).
"""

import gzip
import json

from profiling_assets_tests.faults.hostile_readers import (
    BARCODES,
    CURSOR,
    EXCLUSIONS,
    LOAD_DATA,
    NOTICE,
    PLATE_MAP,
    PROFILES,
    PROVENANCE,
    REGISTRY,
)

BOMB = gzip.compress(b"\0" * 50_000_000, 1)
_DIGITS = b"9" * 4000
_NOUGHTS = b"0" * 100_000
_DEEP = b'{"a":' * 900 + b"1" + b"}" * 900
_LAUGHS = b"\n".join(
    [b"a: &a [x]"]
    + [
        b"a%d: &a%d [*%s,*%s,*%s]" % (number, number, before, before, before)
        for number, before in enumerate([b"a", *(b"a%d" % n for n in range(12))])
    ]
)


def _wrapped(times: int) -> bytes:
    inner = '{"Records":[]}'
    for _ in range(times):
        inner = json.dumps({"Type": "Notification", "Message": inner})
    return inner.encode()


EXTREMES: dict[str, tuple[bytes, ...]] = {
    "load data": (
        LOAD_DATA.replace(b",1,", b"," + _NOUGHTS + b"x,", 1),
        BOMB,
        LOAD_DATA * 300,
        b'Metadata_Well,Metadata_Site\n"A01,1\n' + b"A,1\n" * 100_000,
        LOAD_DATA.replace(b",A01,", b"," + b"A" * 100_000 + b",", 1),
        LOAD_DATA.replace(b",A01,", b",A" + _NOUGHTS + b",", 1),
    ),
    "load data for the summary": (LOAD_DATA.replace(b",1,", b"," + _NOUGHTS + b"x,", 1), BOMB),
    "config": (
        b'pipeline: "\\UFFFFFFFF"\n',
        b'pipeline: "\\U00110000"',
        b"%YAML " + b"9" * 5000 + b".1\n---\npipeline: x",
        b"pipeline: " + b"9" * 5000,
        b"pipeline: !!binary x\n",
        b"pipeline: !!timestamp 2024-99-99",
        b"pipeline: !!python/object/apply:os.system [id]\n",
        b"a: &a [" + b"x," * 10_000 + b"]\nb: *a\n",
        _LAUGHS,
        b"&a pipeline: x\n<<: *a",
        b"a: &a\n  <<: *a\n",
        b"pipeline: x\n<<: [*a]\n",
        b"pipeline: x\n" * 10_000,
        *(mark * 50_000 for mark in (b"[", b"{", b"- ", b"x: ", b"? ")),
        b"&a " * 1000 + b"x",
        b"!<" + b"x" * 10_000,
        b"pipeline: !%FF%E2 x",
        b'pipeline: "%FF"\n',
        b"x" * (2 * 1024 * 1024 + 1),
    ),
    "registry": (
        b"[" * 100_000,
        REGISTRY.replace(b"24", _DIGITS),
        REGISTRY.replace(b"24", b"9" * 30),
        REGISTRY.replace(b"24", b"NaN"),
        REGISTRY.replace(b"000123", b"\\ud800"),
        REGISTRY.replace(b"000123", b"../../x"),
        REGISTRY.replace(b'"focus"', b'"\\ud800"'),
        b'{"schema_version":' + _DIGITS + b',"plates":{}}',
        b'{"schema_version":1,"plates":' + _DEEP + b"}",
    ),
    "sensor cursor": (
        b"9" * 5000,
        CURSOR.replace(b"12", _DIGITS),
        CURSOR.replace(b"5.5", b"1e308"),
        CURSOR.replace(b"5.5", b"NaN"),
        CURSOR.replace(b"B/P", b"\\ud800/x"),
        _DEEP,
        b"[" * 100_000,
    ),
    "provenance": (
        PROVENANCE.replace(b"3", _DIGITS),
        PROVENANCE.replace(b"3", b"1e999"),
        b'{"schema_version": 1, "results": {"\\ud800": {}}}',
        b'{"schema_version": 1, "results": ' + _DEEP + b"}",
        b"[" * 100_000,
    ),
    "profile table": (
        BOMB,
        PROFILES.replace(b"000123", b"9" * 100_000, 1),
        PROFILES.replace(b",0.5,", b"," + b"9" * 100_000 + b",", 1),
        PROFILES.replace(b",20,", b"," + b"9" * 100_000 + b",", 1),
        PROFILES.replace(b"Metadata_Object_Count", b"Metadata_" + b"x" * 1_000_000),
    ),
    "barcode map": (
        BARCODES + b"x," + b"y" * 200_000 + b"\n",
        BARCODES.replace(b"000123", _NOUGHTS),
        BOMB,
    ),
    "plate map": (
        PLATE_MAP.replace(b"\tA01\t", b"\tA" + _NOUGHTS + b"\t"),
        PLATE_MAP.replace(b"\tA01\t", b"\t" + _NOUGHTS + b"\t"),
        PLATE_MAP + b"M\tA01\t\t\t\n" * 50_000,
        PLATE_MAP.replace(b"well_position", b"well_position\twell_position"),
        *(
            PLATE_MAP.replace(b"broad_sample", name)
            for name in (b"joined_well__", b"Plate", b"Well", b"Object_Count", b"Metadata_Well")
        ),
    ),
    "exclusions": (EXCLUSIONS.replace(b"A01", b"A" + _NOUGHTS),),
    "queue message": (
        b"[" * 100_000,
        _wrapped(12),
        NOTICE.replace(b"w/analysis", b"w/analysis/%ED%A0%80"),
        NOTICE.replace(b"/B/P/", b"/../../P/"),
    ),
    "report page": (
        b'<script type="application/json" id="facts">' + b"[" * 100_000 + b"</script>",
    ),
}
