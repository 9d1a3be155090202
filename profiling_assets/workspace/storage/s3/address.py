"""The text that names a root on S3, and the keys below it.

Put here: what `s3://BUCKET/PREFIX?options` means, which options there are.
Do not put here: how a client is made from them (`session`).
"""

import re
from dataclasses import dataclass, field, fields
from urllib.parse import parse_qsl, urlsplit

from profiling_assets.errors import ConfigError, InvalidNameError
from profiling_assets.workspace.storage.interface import checked_path

SCHEME = "s3://"
ACLS = (
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "aws-exec-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
)
ENCRYPTIONS = ("AES256", "aws:kms", "aws:kms:dsse")

_BUCKET = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$")
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_EXAMPLE = "s3://BUCKET/projects/PROJECT/workspace"
_MAX_KEY_BYTES = 1024


@dataclass(frozen=True)
class S3Options:
    """How a bucket is reached. What is not set is what the AWS tools would take."""

    profile: str | None = None  # profile of `~/.aws/config`
    region: str | None = None  # AWS region
    endpoint_url: str | None = None  # address of a server that is not AWS's
    # whether the bucket stands in the path of requests, not in the host name. None: as configured
    # for the AWS tools, else on AWS no, elsewhere yes
    path_style: bool | None = None
    anonymous: bool = False  # send no credentials: public buckets
    requester_pays: bool = False  # agree to pay for requests
    acl: str | None = None  # canned ACL of what is written
    sse: str | None = None  # server-side encryption of what is written
    sse_kms_key_id: str | None = None  # KMS key of what is written


@dataclass(frozen=True)
class S3Address:
    """A root on S3."""

    bucket: str
    prefix: str  # key of the root without a slash at either end; `''` is the whole bucket
    options: S3Options = S3Options()
    # where requests go, for messages; `''` where that is not known yet
    server: str = field(default="", compare=False)

    @property
    def root(self) -> str:
        """The address without options."""
        return f"{SCHEME}{self.bucket}/{self.prefix}" if self.prefix else f"{SCHEME}{self.bucket}"

    def key(self, path: str) -> str:
        """Return the key of a path below the root, character by character.

        Raises `InvalidNameError` where the path leaves the root, or S3 cannot take it.
        """
        below = checked_path(path)
        key = f"{self.prefix}/{below}" if self.prefix and below else self.prefix or below
        try:
            size = len(key.encode())
        except UnicodeEncodeError as error:
            raise InvalidNameError(
                f"{path!r} is not Unicode text, as S3 keys are",
                remedy="rename the file, then try again",
            ) from error
        if size > _MAX_KEY_BYTES:
            raise InvalidNameError(
                f"{path!r} is a key of {size:,} bytes; S3 takes {_MAX_KEY_BYTES:,}",
                remedy="use shorter names, or a shorter prefix",
            )
        return key

    def folder_key(self, path: str) -> str:
        """Return what the keys below a folder begin with; `''` for the whole bucket."""
        key = self.key(path)
        return f"{key}/" if key else ""

    def location(self, path: str) -> str:
        """Return a path as a person would hand it to the AWS tools."""
        return f"{SCHEME}{self.bucket}/{self.key(path)}" if path else self.root


def parse_address(text: str) -> S3Address:
    """Read the text that names a root on S3.

    `text`: `s3://BUCKET/PREFIX?option=value&option=value`. The prefix is taken verbatim; the values
    of options may be quoted as in any URL. Raises `ConfigError` where the bucket is missing, an
    option is not known or its value impossible.
    """
    place, _, query = text.removeprefix(SCHEME).partition("?")
    bucket, _, prefix = place.partition("/")
    if "@" in bucket:
        raise ConfigError(
            "the address holds a user name or a password",  # and is not repeated here
            remedy="take them out; credentials are set by AWS_PROFILE or profile=NAME",
        )
    if not _BUCKET.match(bucket):
        what = f"{bucket!r} is not the name of a bucket" if bucket else "no bucket is named"
        raise ConfigError(what, path=text, remedy=f"write {_EXAMPLE}")
    if prefix != "/":
        prefix = prefix.removesuffix("/")
    try:
        checked_path(prefix)
    except InvalidNameError as error:
        raise ConfigError(
            f"{prefix!r} cannot be the prefix of a workspace",
            path=text,
            remedy=f"write {_EXAMPLE}, without '//', '.' and '..'",
        ) from error
    # what follows `?` is not repeated in messages: somebody may have written credentials there
    return S3Address(bucket, prefix, _options(f"{SCHEME}{place}", query))


def _options(text: str, query: str) -> S3Options:
    known = {option.name for option in fields(S3Options)}
    given: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in known:
            raise ConfigError(
                f"{name!r} is not an option of an S3 address",
                path=text,
                remedy=f"the options are {', '.join(sorted(known))}",
            )
        if name in given or not value:
            what = "is given twice" if name in given else "has no value"
            raise ConfigError(f"the option {name!r} {what}", path=text, remedy="give it once")
        given[name] = value
    if query and not given:
        raise ConfigError(
            "what follows `?` is no option", path=text, remedy="write `?option=value&option=value`"
        )
    options = S3Options(
        profile=given.get("profile"),
        region=given.get("region"),
        endpoint_url=given.get("endpoint_url"),
        path_style=_boolean(text, "path_style", given),
        anonymous=_boolean(text, "anonymous", given) or False,
        requester_pays=_boolean(text, "requester_pays", given) or False,
        acl=_one_of(text, "acl", given, ACLS),
        sse=_one_of(text, "sse", given, ENCRYPTIONS),
        sse_kms_key_id=given.get("sse_kms_key_id"),
    )
    _check_together(text, options)
    return options


def _boolean(text: str, name: str, given: dict[str, str]) -> bool | None:
    if name not in given:
        return None
    value = _BOOLEANS.get(given[name].lower())
    if value is None:
        raise ConfigError(
            f"{name}={given[name]} is neither true nor false",
            path=text,
            remedy=f"write {name}=true or {name}=false",
        )
    return value


def _one_of(text: str, name: str, given: dict[str, str], known: tuple[str, ...]) -> str | None:
    value = given.get(name)
    if value is not None and value not in known:
        raise ConfigError(
            f"{name}={value} is not known", path=text, remedy=f"it is one of {', '.join(known)}"
        )
    return value


def _check_together(text: str, options: S3Options) -> None:
    if options.sse_kms_key_id is not None and options.sse not in ENCRYPTIONS[1:]:
        raise ConfigError(
            "sse_kms_key_id needs sse=aws:kms", path=text, remedy="add sse=aws:kms to the options"
        )
    if options.anonymous and (options.profile is not None or options.requester_pays):
        raise ConfigError(
            "anonymous requests have no profile and cannot pay",
            path=text,
            remedy="remove anonymous=true, or profile and requester_pays",
        )
    if options.endpoint_url is not None and "@" in options.endpoint_url:
        raise ConfigError(
            "endpoint_url holds a user name or a password",  # and is not repeated here
            path=text,
            remedy="take them out; credentials are set by AWS_PROFILE or profile=NAME",
        )
    if options.endpoint_url is not None and not _is_endpoint(options.endpoint_url):
        raise ConfigError(
            f"endpoint_url={options.endpoint_url} is not the address of a server",
            path=text,
            remedy="write endpoint_url=https://HOST or http://HOST:PORT",
        )


def _is_endpoint(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
