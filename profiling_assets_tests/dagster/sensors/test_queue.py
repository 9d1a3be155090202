"""Event notifications of S3: which plates they name."""

import json
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.dagster.sensors.queue import plates_named
from profiling_assets.workspace.names import PlateKey

ROOT = "s3://bucket/projects/p/workspace"
SITE = "projects/p/workspace/analysis/B 1/PL-01/analysis/PL-01-A01-1/Image.csv"
PLATE = PlateKey("B 1", "PL-01")


def notice(*keys: str, bucket: str = "bucket") -> str:
    return json.dumps(
        {
            "Records": [
                {
                    "eventSource": "aws:s3",
                    "eventName": "ObjectCreated:Put",
                    "s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key, "/")}},
                }
                for key in keys
            ]
        }
    )


def test_an_object_below_analysis_or_load_data_names_its_plate() -> None:
    load_data = SITE.replace("analysis/B 1", "load_data_csv/B 1")
    assert plates_named([notice(SITE)], [ROOT]) == {PLATE}
    assert plates_named([notice(load_data)], [ROOT]) == {PLATE}


def test_keys_are_url_quoted_with_plus_for_a_blank() -> None:
    odd = SITE.replace("B 1/PL-01", "B+1 ü%20#/000123", 1)
    assert "B%2B1+%C3%BC%2520%23" in notice(odd)
    assert plates_named([notice(odd)], [ROOT]) == {PlateKey("B+1 ü%20#", "000123")}


def test_repeated_messages_name_a_plate_once() -> None:
    assert plates_named([notice(SITE, SITE), notice(SITE)], [ROOT, ROOT]) == {PLATE}


def test_an_envelope_of_sns_is_opened() -> None:
    text = json.dumps({"Type": "Notification", "MessageId": "1", "Message": notice(SITE)})
    assert plates_named([text], [ROOT]) == {PLATE}


@pytest.mark.parametrize(
    "key",
    [
        *("", "x", "analysis/B/P/f.csv", "projects/p/workspace2/analysis/B/P/f.csv"),
        *("projects/p/workspace/analysis/B/P", "projects/p/workspace/analysis/B"),
        *("projects/p/workspace/profiles/B/P/P.csv.gz", "projects/p/workspace/analysis//P/f.csv"),
        *("projects/p/workspace/analysis/../P/f.csv", "projects/p/workspace/analysis/B/.P/f"),
    ],
)
def test_foreign_keys_name_nothing(key: str) -> None:
    assert plates_named([notice(key)], [ROOT]) == frozenset()


def test_another_bucket_names_nothing_and_a_folder_has_no_notifications() -> None:
    assert plates_named([notice(SITE, bucket="other")], [ROOT]) == frozenset()
    assert plates_named([notice(SITE)], ["/data/projects/p/workspace"]) == frozenset()
    assert plates_named([notice("analysis/B/P/a/f.csv")], ["s3://bucket", "s3://bucket/"]) == {
        PlateKey("B", "P")
    }


@pytest.mark.parametrize(
    "text",
    [
        *("", "no json", "null", "[]", "{}", "7", '{"Records":7}', '{"Records":[7,null,[]]}'),
        '{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"bucket","RequestId":"1"}',
        '{"Records":[{"s3":{"bucket":"bucket","object":{"key":7}}}]}',
        '{"Type":"Notification","Message":"no json"}',
        '{"Type":"Notification","Message":7}',
        "[" * 100_000,
    ],
)
def test_what_cannot_be_understood_names_nothing_and_spoils_nothing(text: str) -> None:
    assert plates_named([text, notice(SITE)], [ROOT]) == {PLATE}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Records", "s3", "bucket", "object", "key", "name", "Type", "Message"]
            ),
            inner,
            max_size=4,
        )
    ),
)


@given(_JSON)
def test_no_message_raises(value: object) -> None:
    assert plates_named([json.dumps(value)], [ROOT]) == frozenset()
