"""The text that names a root on S3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.errors import ConfigError, InvalidNameError
from profiling_assets.workspace.storage.s3.address import S3Address, S3Options, parse_address

TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=12)


@pytest.mark.parametrize(
    ("text", "bucket", "prefix"),
    [
        ("s3://lab", "lab", ""),
        ("s3://lab/", "lab", ""),
        ("s3://lab/projects/2019 é/workspace", "lab", "projects/2019 é/workspace"),
        ("s3://lab/a/workspace/", "lab", "a/workspace"),
        ("s3://lab/a%20b/c+d#e", "lab", "a%20b/c+d#e"),
        ("s3://lab?anonymous=true", "lab", ""),
        ("s3://lab/a/?anonymous=true", "lab", "a"),
    ],
)
def test_bucket_and_prefix_are_taken_verbatim(text: str, bucket: str, prefix: str) -> None:
    address = parse_address(text)
    assert (address.bucket, address.prefix) == (bucket, prefix)
    assert address.root == f"s3://{bucket}/{prefix}".rstrip("/")
    assert parse_address(address.root) == S3Address(bucket, prefix)


def test_every_option_is_read() -> None:
    address = parse_address(
        "s3://lab/w?profile=my%20lab&region=eu-central-1&endpoint_url=http://127.0.0.1:9000"
        "&path_style=False&requester_pays=1&acl=bucket-owner-full-control"
        "&sse=aws:kms&sse_kms_key_id=arn:aws:kms:eu-central-1:1:key/a-b"
    )
    assert address.options == S3Options(
        profile="my lab",
        region="eu-central-1",
        endpoint_url="http://127.0.0.1:9000",
        path_style=False,
        requester_pays=True,
        acl="bucket-owner-full-control",
        sse="aws:kms",
        sse_kms_key_id="arn:aws:kms:eu-central-1:1:key/a-b",
    )
    assert address.root == "s3://lab/w"
    assert parse_address("s3://lab?anonymous=yes").options.anonymous


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("s3://", "no bucket is named"),
        ("s3:///prefix", "no bucket is named"),
        ("s3://my bucket/prefix", "not the name of a bucket"),
        ("s3://lab/a//b", "cannot be the prefix"),
        ("s3://lab//", "cannot be the prefix"),
        ("s3://lab/../b", "cannot be the prefix"),
        ("s3://lab?pathstyle=true", "'pathstyle' is not an option"),
        ("s3://lab?x", "is not an option"),
        ("s3://lab?&", "is no option"),
        ("s3://lab?region=", "has no value"),
        ("s3://lab?region=a&region=b", "is given twice"),
        ("s3://lab?path_style=maybe", "neither true nor false"),
        ("s3://lab?acl=public", "acl=public is not known"),
        ("s3://lab?sse=AES128", "sse=AES128 is not known"),
        ("s3://lab?sse_kms_key_id=k", "needs sse=aws:kms"),
        ("s3://lab?sse=AES256&sse_kms_key_id=k", "needs sse=aws:kms"),
        ("s3://lab?anonymous=true&profile=lab", "have no profile"),
        ("s3://lab?endpoint_url=localhost:9000", "not the address of a server"),
        ("s3://lab?endpoint_url=http://", "not the address of a server"),
        ("s3://lab?endpoint_url=http://h:port", "not the address of a server"),
    ],
)
def test_an_impossible_address_is_an_error_with_a_remedy(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        parse_address(text)
    assert caught.value.path == text.partition("?")[0]  # options may hold credentials
    assert caught.value.remedy


def test_an_unknown_option_names_the_known_ones() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_address("s3://lab?regoin=x")
    for option in ("region", "endpoint_url", "requester_pays", "sse_kms_key_id"):
        assert option in str(caught.value)


@given(TEXT, TEXT)
def test_a_key_is_prefix_and_path_character_by_character(prefix: str, path: str) -> None:
    try:
        address = S3Address("lab", parse_address(f"s3://lab/{prefix.replace('?', '')}").prefix)
        key = address.key(path)
    except (ConfigError, InvalidNameError):
        return
    assert key == "/".join(part for part in (address.prefix, path) if part)
    assert address.location(path) == "/".join(part for part in (address.root, path) if part)
    assert key.startswith(address.folder_key("")[:-1])


@pytest.mark.parametrize("path", ["\ud800", "x" * 1020])
def test_a_path_that_s3_cannot_take_is_refused(path: str) -> None:
    with pytest.raises(InvalidNameError):
        S3Address("lab", "prefix").key(path)
    assert S3Address("lab", "prefix").key("x" * 1017)
