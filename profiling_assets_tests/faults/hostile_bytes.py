"""Broken and hostile bytes, made of sound ones by a seeded generator.

Put here: ways to damage a text file, and fragments that an attacker would put into names.
Do not put here: what is asked of a reader (`hostile_readers`, `hostile_plates`).
"""

import gzip
import random
import re
from collections.abc import Callable

FRAGMENTS = (
    "../../etc/passwd",
    "..",
    ".",
    "/etc/passwd",
    "C:\\Windows",
    "a/b",
    "x'; DROP TABLE Image; --",
    'x"; DROP TABLE "Image"; --',
    "Robert'); DROP TABLE Cells;--",
    '"',
    "'",
    "`rm -rf /`",
    "$(reboot)",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}",
    "{% for x in y %}",
    "%s%n%d",
    '=HYPERLINK("http://x")',
    "\x1b[2J",
    "\x07",
    "\u202e",
    "\u2028",
    "\x85",
    "\ufeff",
    "\u00e9\u0301",
    "\U0001f9ec",
    "nan",
    "None",
    "",
    " ",
    "A" * 300,
    "Metadata_Well",
    "TableNumber",
    "rowid",
    "__proto__",
    "!!python/object/apply:os.system [id]",
)
NUMBERS = (
    "1e308", "1e309", "-1e309", "9" * 30, "9" * 400, "9" * 5000, "0" * 3000 + "x", "1e-400",
    "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551616",
    "NaN", "-inf", "Infinity", "0x10", "1_000", "1,5", "١٢", "1e", "--1", "+-1", "1.2.3", "1e99999",
    "0." + "1" * 900, "true", "\u2212" + "1",
)  # fmt: skip

Damage = Callable[[random.Random, bytes], bytes]


def _cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _flip(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randrange(1, 9)):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _put(rng: random.Random, data: bytes, piece: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + piece + data[at:]


def _quotes(rng: random.Random, data: bytes) -> bytes:
    return _put(rng, data, rng.choice((b'"', b'""', b'"""', b'"\n', b"'", b'"a,b"', b',"')))


def _nul(rng: random.Random, data: bytes) -> bytes:
    return _put(rng, data, rng.choice((b"\0", b"\0" * 700)))


def _other_encoding(rng: random.Random, data: bytes) -> bytes:
    text = data.decode("utf-8", "replace") + rng.choice(("", "µé", "Å"))
    names = ("utf-16", "utf-16-be", "utf-32", "cp1252", "utf-8-sig", "utf-7", "cp037", "shift-jis")
    return text.encode(rng.choice(names), "replace")


def _high_bytes(rng: random.Random, data: bytes) -> bytes:
    return _put(rng, data, rng.choice((b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"\xf5", b"\xb5m")))


def _packed(rng: random.Random, data: bytes) -> bytes:
    packed = gzip.compress(data, mtime=1)
    return packed if rng.random() < 0.3 else _cut(rng, packed)


def _rows(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True)


def _ragged(rng: random.Random, data: bytes) -> bytes:
    rows = _rows(data)
    if rows:
        at = rng.randrange(len(rows))
        cells = re.split(rb"([,\t])", rows[at])
        if rng.random() < 0.5:
            cells = cells[: rng.randrange(len(cells) + 1)]
        else:
            cells[rng.randrange(len(cells))] += rng.choice((b",", b",,,,", b"\t", b",1", b";"))
        rows[at] = b"".join(cells)
    return b"".join(rows)


def _cell(rng: random.Random, data: bytes, content: bytes) -> bytes:
    """Replace one cell of one row."""
    rows = _rows(data)
    if rows:
        at = rng.choice((0, rng.randrange(len(rows))))
        cells = re.split(rb"([,\t\r\n:]+)", rows[at])
        cells[rng.randrange(0, len(cells), 2)] = content
        rows[at] = b"".join(cells)
    return b"".join(rows)


def _huge_number(rng: random.Random, data: bytes) -> bytes:
    return _cell(rng, data, rng.choice(NUMBERS).encode())


def _fragment(rng: random.Random, data: bytes) -> bytes:
    return _cell(rng, data, rng.choice(FRAGMENTS).encode())


def _columns(data: bytes, change: Callable[[list[bytes]], list[bytes]], *, all_rows: bool) -> bytes:
    rows = []
    for at, row in enumerate(_rows(data)):
        body = row.rstrip(b"\r\n")
        mark = b"\t" if b"\t" in body else b","
        cells = change(body.split(mark)) if at == 0 or all_rows else body.split(mark)
        rows.append(mark.join(cells) + row[len(body) :])
    return b"".join(rows)


def _duplicate(rng: random.Random, data: bytes) -> bytes:
    seed = rng.random()

    def change(cells: list[bytes]) -> list[bytes]:
        own = random.Random(seed)
        one = own.choice(cells)
        if own.random() < 0.3:
            one = one.swapcase()
        return [*cells, one] if own.random() < 0.7 else [one] * len(cells)

    return _columns(data, change, all_rows=rng.random() < 0.7)


def _swap(rng: random.Random, data: bytes) -> bytes:
    seed = rng.random()

    def change(cells: list[bytes]) -> list[bytes]:
        return random.Random(seed).sample(cells, len(cells))

    return _columns(data, change, all_rows=rng.random() < 0.5)


def _megabyte_header(rng: random.Random, data: bytes) -> bytes:
    first, *rest = _rows(data) or [b""]
    mark = b"\t" if b"\t" in first else b","
    kind = rng.randrange(4)
    if kind == 0:
        more = b"x" * 1_000_000
    elif kind == 1:
        more = mark.join(b"c%d" % n for n in range(150_000))
    elif kind == 2:
        more = mark * 1_000_000
    else:
        more = (b"a" + mark) * 500_000
    return first.rstrip(b"\r\n") + mark + more + b"\n" + b"".join(rest)


def _line_ends(rng: random.Random, data: bytes) -> bytes:
    end = rng.choice((b"\r", b"\n", b"\r\n", b"\r\r\n", b"\n\n", b"\x0b", b"\xc2\x85", b""))
    return end.join(data.splitlines())


def _repeated_rows(rng: random.Random, data: bytes) -> bytes:
    rows = _rows(data)
    return b"".join([*rows, *rng.choices(rows, k=rng.randrange(1, 4))]) if rows else data


def _gone(rng: random.Random, data: bytes) -> bytes:
    return rng.choice(
        (b"", b" ", b"\n", b"\r\n\r\n", b"\xef\xbb\xbf", b",,,\n", _rows(data + b"\n")[0])
    )


def _noise(rng: random.Random, data: bytes) -> bytes:
    del data
    return rng.randbytes(rng.randrange(1, 2000))


def _nested(rng: random.Random, data: bytes) -> bytes:
    deep = rng.choice(
        (b"[", b"{", b'{"a":', b"- ", b"? ", b"(", b"<a>", b'"', b"\\", b"!", b"&a *a ")
    )
    return rng.choice((b"", data)) + deep * rng.choice((30, 1500, 100_000))


DAMAGES: dict[str, Damage] = {
    "cut": _cut,
    "flipped bytes": _flip,
    "quotes": _quotes,
    "NUL": _nul,
    "other encoding": _other_encoding,
    "high bytes": _high_bytes,
    "gzip": _packed,
    "ragged": _ragged,
    "huge number": _huge_number,
    "fragment": _fragment,
    "column twice": _duplicate,
    "columns swapped": _swap,
    "line ends": _line_ends,
    "rows twice": _repeated_rows,
    "gone": _gone,
    "noise": _noise,
    "nested": _nested,
}
LARGE: dict[str, Damage] = {"megabyte header": _megabyte_header}


def damaged(rng: random.Random, data: bytes) -> tuple[str, bytes]:
    """Return how a file was damaged, in one to three ways, and what is left of it."""
    if rng.random() < 0.02:
        return "megabyte header", _megabyte_header(rng, data)
    names = rng.choices(list(DAMAGES), k=rng.choice((1, 1, 1, 2, 3)))
    for name in names:
        data = DAMAGES[name](rng, data)
    return " + ".join(names), data
