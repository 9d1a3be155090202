"""A bucket of many plates that exists in its listings only, behind boto3's real client.

Put here: which keys there are, the pages S3 would send, counting requests.
Do not put here: what is measured (`listing`).
The pages go through boto3's own parser, so that the CPU seconds are real; only the network is not:
each request waits for a chosen latency instead.
"""

import functools
import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from profiling_assets.workspace.storage.s3.address import S3Address, parse_address
from profiling_assets.workspace.storage.s3.session import S3Connector, S3Session
from profiling_assets.workspace.storage.s3.workspace import S3Workspace

_PAGE = 1000
_TAG = "0123456789abcdef0123456789abcdef"
_SITE_FILES = ("Cells.csv", "Cytoplasm.csv", "Experiment.csv", "Image.csv", "Nuclei.csv")
_BACKEND = (".csv", ".sqlite", "_sites.tsv", "_wells.tsv")
_PROFILES = (
    ".csv.gz",
    "_augmented.csv.gz",
    "_normalized.csv.gz",
    "_normalized_feature_select_batch.csv.gz",
    "_normalized_feature_select_negcon_batch.csv.gz",
    "_normalized_negcon.csv.gz",
    "_wells.tsv",
)


@dataclass(frozen=True)
class Shape:
    """How much there is.

    Attributes
    ----------
    plates, batches : int
        Plates in all, evenly in batches.
    wells, sites : int
        Wells of a plate (rows of 24), sites of a well.
    made : bool
        Whether `backend` and `profiles` hold the results of every plate.
    """

    plates: int = 1000
    batches: int = 20
    wells: int = 384
    sites: int = 9
    made: bool = True

    @property
    def site_names(self) -> list[str]:
        """Wells and sites as folder names have them, without the plate."""
        return [
            f"{chr(65 + well // 24)}{well % 24 + 1:02}-{site}"
            for well in range(self.wells)
            for site in range(1, self.sites + 1)
        ]

    def batch(self, number: int) -> str:
        """Return the name of a batch."""
        return f"2026_01_{number + 1:02}_Batch{number + 1}"

    def plates_of(self, batch: int) -> list[str]:
        """Return the plates of a batch."""
        share = self.plates // self.batches
        return [f"BR{batch * share + number:08}" for number in range(share)]


@dataclass
class SimulatedBucket:
    """The bucket; `requests` counts what was asked, by operation.

    Attributes
    ----------
    shape : Shape
        What there is.
    latency : float
        Seconds that each request takes beside the client's own work.
    changed : str
        When everything changed, as S3 writes it.
    requests : Counter of str
        Requests by operation.
    serving : float
        CPU seconds spent in playing the server; not the client's.
    """

    shape: Shape = field(default_factory=Shape)
    latency: float = 0.05
    changed: str = "2026-01-01T00:00:00.000Z"
    requests: Counter[str] = field(default_factory=Counter[str])
    serving: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the lock and the counts behind: another process has its own."""
        return {"shape": self.shape, "latency": self.latency, "changed": self.changed}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin in another process."""
        self.__init__(**state)

    def workspace(self, scratch: Any) -> S3Workspace:
        """Open a workspace on it."""
        address = parse_address("s3://simulated/w?endpoint_url=http://127.0.0.1:9&region=us-east-1")
        return S3Workspace(address, _Connector(address, self), scratch)

    def answer(self, request: AWSPreparedRequest, operation: str) -> AWSResponse:
        """Answer a request as S3 would."""
        began = time.thread_time()
        status, body = 404, b"<Error><Code>NoSuchKey</Code><Message>absent</Message></Error>"
        url = urlsplit(str(request.url))
        if operation == "ListObjectsV2":
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            status, body = 200, self._page(query)
        elif operation in {"GetObject", "HeadObject"}:
            key = unquote(url.path).removeprefix("/simulated/w/")
            if key.startswith("load_data_csv/"):
                status, body = 200, self._load_data(key.split("/")[2])
        with self._lock:
            self.requests[operation] += 1
            self.serving += time.thread_time() - began
        time.sleep(self.latency)
        headers = HTTPHeaders.from_dict({"ETag": f'"{_TAG}"', "Content-Length": str(len(body))})
        return AWSResponse(request.url, status, headers, _Raw(body))

    def _page(self, query: dict[str, str]) -> bytes:
        path = query["prefix"].removeprefix("w/")
        flat = "delimiter" not in query
        begin, most = int(query.get("continuation-token", 0)), int(query.get("max-keys", _PAGE))
        parts = path.split("/")
        batch, plate = (*parts, "", "")[1:3]
        if parts[0] == "analysis" and len(parts) > 3 and plate:
            # one page of one plate is that of any other, but for the names
            page = _plate_page(self.shape, "/".join(parts[3:]), flat, begin, most, self.changed)
            return page.replace(b"{batch}", batch.encode()).replace(b"{plate}", plate.encode())
        return _as_xml(self._entries(parts, flat=flat), path, begin, most, self.changed)

    def _entries(self, parts: list[str], *, flat: bool) -> list[str]:
        """Return what lies below a folder other than a plate's in `analysis`, from there on."""
        area = parts[0]
        batches = {self.shape.batch(number): number for number in range(self.shape.batches)}
        if len(parts) == 2 and area in {"analysis", "load_data_csv"}:
            return [f"{batch}/" for batch in batches]
        if len(parts) == 2 and area in {"backend", "profiles"}:
            return [f"{batch}/" for batch in batches] if self.shape.made else []
        if len(parts) < 3 or parts[1] not in batches:
            return []
        plates = self.shape.plates_of(batches[parts[1]])
        if area == "analysis":
            return [f"{plate}/" for plate in plates]
        if area == "load_data_csv":
            return ["load_data.csv"] if len(parts) == 4 else [f"{plate}/" for plate in plates]
        if not self.shape.made or area not in {"backend", "profiles"}:
            return []
        steps = _BACKEND if area == "backend" else _PROFILES
        if len(parts) == 4:
            return [f"{parts[2]}{step}" for step in steps]
        files = [f"{plate}/{plate}{step}" for plate in plates for step in steps]
        return files if flat else [f"{plate}/" for plate in plates]

    def _load_data(self, plate: str) -> bytes:
        return _load_data(self.shape).replace(b"{plate}", plate.encode())


class _Raw:
    """A body as urllib3 hands it over."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        """Give the body in one piece."""
        yield self._body

    def read(self, *_: object, **__: object) -> bytes:
        """Give the body once."""
        body, self._body = self._body, b""
        return body


class _Connector(S3Connector):
    """Makes sessions whose requests never leave this process."""

    def __init__(self, address: S3Address, bucket: SimulatedBucket) -> None:
        super().__init__(address)
        object.__setattr__(self, "bucket", bucket)

    def session(self) -> S3Session:
        """Begin a session."""
        session = super().session()
        bucket: SimulatedBucket = self.bucket  # pyright: ignore[reportAttributeAccessIssue]

        def serve(request: AWSPreparedRequest, event_name: str, **_: object) -> AWSResponse:
            return bucket.answer(request, event_name.rpartition(".")[2])

        events: Any = session.client.meta.events  # its stub allows no handler that answers
        events.register("before-send.s3", serve)
        # obstore's requests cannot be answered from Python: the load data is read by boto3
        session.store = lambda _: None  # pyright: ignore[reportAttributeAccessIssue]
        return session


@functools.cache
def _below_plate(shape: Shape, flat: bool) -> tuple[str, ...]:  # noqa: FBT001  # a cache's key
    names = sorted(f"{{plate}}-{site}/" for site in shape.site_names)
    return tuple(name + file for name in names for file in _SITE_FILES) if flat else tuple(names)


@functools.cache
def _plate_page(
    shape: Shape,
    rest: str,
    flat: bool,  # noqa: FBT001  # a cache's key
    begin: int,
    most: int,
    changed: str,
) -> bytes:
    path = f"analysis/{{batch}}/{{plate}}/{rest}"
    entries: list[str] = []
    if rest == "":
        entries = ["analysis/"]
    elif rest == "analysis/":
        entries = list(_below_plate(shape, flat))
    return _as_xml(entries, path, begin, most, changed)


@functools.cache
def _load_data(shape: Shape) -> bytes:
    rows = (site.rpartition("-") for site in shape.site_names)
    lines = [f"{{plate}},{well},{site}" for well, _, site in rows]
    return "\n".join(["Metadata_Plate,Metadata_Well,Metadata_Site", *lines, ""]).encode()


def _as_xml(entries: list[str], path: str, begin: int, most: int, changed: str) -> bytes:
    page = list(itertools.islice(entries, begin, begin + most))
    more = begin + len(page) < len(entries)
    texts = [
        f"<CommonPrefixes><Prefix>w/{escape(path + name)}</Prefix></CommonPrefixes>"
        if name.endswith("/")
        else f"<Contents><Key>w/{escape(path + name)}</Key><LastModified>{changed}</LastModified>"
        f"<ETag>&quot;{_TAG}&quot;</ETag><Size>1234567</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
        for name in page
    ]
    following = f"<NextContinuationToken>{begin + len(page)}</NextContinuationToken>"
    return (
        '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<IsTruncated>{str(more).lower()}</IsTruncated>{following if more else ''}"
        f"{''.join(texts)}</ListBucketResult>"
    ).encode()
