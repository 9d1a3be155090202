"""CPU of reading one page of 1,000 keys: by the pattern of what S3 writes, and by the XML parser.

python -m benchmarks.page_xml; see docs/decisions/s3-clients.md.
"""

import statistics
import time

from profiling_assets.workspace.storage.s3.page_xml import page_of

_KEYS = 1_000
_PAGES = 40  # read in one round
_ROUNDS = 21  # of each, in turn
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_NOT_AS_S3 = b"<!-- with a comment the parser reads it -->"


def page() -> bytes:
    """Write a page as S3 does."""
    contents = "".join(
        "<Contents><Key>project/workspace/analysis/2026_03_02_Batch1/PL-01/analysis/"
        f"PL-01-A{place // 5 % 24 + 1:02d}-{place % 9}/Cells{place}.csv</Key>"
        f"<LastModified>2026-03-02T12:{place % 60:02d}:10.000Z</LastModified>"
        f"<ETag>&quot;{place:032x}&quot;</ETag><Size>{place * 37}</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
        for place in range(_KEYS)
    )
    return (
        _DECLARATION
        + (
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>'
            f"<KeyCount>{_KEYS}</KeyCount><EncodingType>url</EncodingType>"
            f"<IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"
        ).encode()
    )


def main() -> None:
    """Measure both and print medians."""
    by_pattern = page()
    by_parser = by_pattern.replace(_DECLARATION, _DECLARATION + _NOT_AS_S3)
    pages = {"pattern": by_pattern, "parser": by_parser}
    read = [page_of(body) for body in pages.values()]
    assert all(read)
    assert len({one[0] for one in read if one is not None}) == 1
    rounds: dict[str, list[float]] = {name: [] for name in pages}
    for _ in range(_ROUNDS):
        for name, body in pages.items():
            start = time.process_time()
            for _ in range(_PAGES):
                page_of(body)
            rounds[name].append((time.process_time() - start) / _PAGES * 1e3)
    for name, found in rounds.items():
        least, most = min(found), max(found)
        print(f"{name}: {statistics.median(found):.1f} ms a page ({least:.1f} to {most:.1f})")


if __name__ == "__main__":
    main()
