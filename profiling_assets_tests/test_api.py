"""The notebook door: pycytominer's words give pycytominer's numbers, and the graph's."""

import inspect
import math
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import profiling_assets as pa
from profiling_assets import api
from profiling_assets.api.well_profiles import SELECTION
from profiling_assets.config.aggregation import COLLATE_CATEGORIES
from profiling_assets.config.load import parse_config
from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import tiny_spec
from profiling_assets.profiles.column_kinds import is_count, is_metadata
from profiling_assets.profiles.pycytominer import reference
from profiling_assets.profiles.tables import profiles_csv
from profiling_assets.steps.collate import collate_sites
from profiling_assets.steps.sources import PlateSource, SourceKind
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.scan_workspace import scan_plate
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets_tests.support import real_profiles, shared_data

BATCH, PLATE = "2026_03_02_Batch1", "000123"
REAL = "2025_01_28_B14A7A8P2_T4"
ALL_OPERATIONS = [
    "variance_threshold",
    "frequency_threshold",
    "correlation_threshold",
    "drop_na_columns",
    "blocklist",
    "drop_outliers",
]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of two made-up plates, as CellProfiler leaves it."""
    root = tmp_path_factory.mktemp("door") / "workspace"
    make_workspace(root, tiny_spec())
    return root


@pytest.fixture(scope="module")
def collated(demo: Path) -> pa.Collated:
    return pa.collate(sites_of(demo, BATCH, PLATE), demo / "out")


def sites_of(root: Path, batch: str, plate: str) -> Path:
    return root / "analysis" / batch / plate / "analysis"


def plate_map_of(root: Path) -> Path:
    return root / "metadata" / "platemaps" / BATCH / "platemap" / "TINY-MAP-1.txt"


def as_text(file: Path) -> pd.DataFrame:
    return pd.read_csv(file, sep="\t", dtype=str, keep_default_na=False)


def by_pycytominer(name: str, *tables: pd.DataFrame, **options: Any) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a feature without a value
        return getattr(reference(), name)(*(table.copy() for table in tables), **options)


def real(step: str) -> Path:
    return shared_data("profiles", "varchamp_batch14", f"{REAL}_{step}.csv.gz")


# --- the door itself


def _python(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_using_every_verb_loads_no_dagster_and_no_aws(demo: Path, tmp_path: Path) -> None:
    _python(
        f"""
        import sys
        from pathlib import Path
        import profiling_assets as pa
        assert not [m for m in sys.modules if m.startswith("profiling_assets.")]
        demo, out = Path({str(demo)!r}), Path({str(tmp_path)!r})
        pa.scan(demo)
        plate = pa.collate(demo / "analysis/{BATCH}/{PLATE}/analysis", out)
        pa.aggregate(plate.sqlite)
        the_map = demo / "metadata/platemaps/{BATCH}/platemap/TINY-MAP-1.txt"
        annotated = pa.annotate(pa.read_profiles(out / "{PLATE}.csv"), the_map)
        normalized = pa.normalize(annotated.frame)
        selected = pa.feature_select(normalized.frame)
        stacked = pa.stack([selected.frame], "{BATCH}")
        pa.write_gct(stacked.frame, out / "x.gct")
        assert pa.compare(selected.frame, selected.frame).is_empty
        heads = {{name.partition(".")[0] for name in sys.modules}}
        assert not heads & {{"dagster", "dagster_aws", "boto3", "botocore", "obstore"}}, heads
        """
    )


@pytest.mark.parametrize(
    "first",
    [
        "import profiling_assets as pa; verb = pa.collate",
        "import profiling_assets.collate.options; import profiling_assets as pa; verb = pa.collate",
        "import profiling_assets as pa; pa.scan; verb = pa.collate",
        "from profiling_assets import collate as verb",
    ],
)
def test_collate_is_a_verb_and_a_room_whatever_was_imported_first(first: str) -> None:
    _python(
        f"""
        {first}
        import inspect
        from profiling_assets.api import collate
        assert inspect.signature(verb) == inspect.signature(collate)
        import profiling_assets.collate.options as options
        assert options.CollateOptions
        try:
            verb("no folder", "out")
        except Exception as error:
            assert type(error).__name__ == "MissingInputError", error
        else:
            raise AssertionError
        """
    )


def test_the_package_lists_the_names_of_the_door() -> None:
    assert pa.__all__ == api.__all__
    assert set(api.__all__) <= set(dir(pa))
    for name in api.__all__:
        if name != "collate":
            assert getattr(pa, name) is getattr(api, name)
    with pytest.raises(AttributeError, match="no attribute 'colate'"):
        _ = pa.colate  # pyright: ignore[reportAttributeAccessIssue] - misspelt on purpose


VERBS = [name for name in api.__all__ if inspect.isfunction(getattr(api, name))]


@pytest.mark.parametrize("name", VERBS)
def test_every_argument_is_described(name: str) -> None:
    told = inspect.getdoc(getattr(api, name)) or ""
    described = told.partition("Parameters\n---")[2].partition("\n\n")[0]
    names = [part for line in described.splitlines() if " : " in line for part in _names(line)]
    assert names == list(inspect.signature(getattr(api, name)).parameters)
    assert "Returns\n---" in told
    assert "Raises\n---" in told
    assert f"pa.{name}(" in told.partition("Examples\n---")[2]


def _names(line: str) -> list[str]:
    return [] if line.startswith(" ") else line.partition(" : ")[0].split(", ")


SAME_DEFAULT = {
    "normalize": ("features", "image_features", "samples", "mad_robustize_epsilon"),
    "feature_select": (
        *("features", "image_features", "samples", "na_cutoff", "corr_threshold", "corr_method"),
        *("freq_cut", "unique_cut", "outlier_cutoff", "min_variance"),
    ),
}


@pytest.mark.parametrize(
    ("verb", "word"), [(verb, word) for verb, words in SAME_DEFAULT.items() for word in words]
)
def test_the_words_and_defaults_are_pycytominers(verb: str, word: str) -> None:
    theirs = inspect.signature(getattr(reference(), verb)).parameters[word].default
    assert inspect.signature(getattr(api, verb)).parameters[word].default == theirs


# --- from CSVs to wells


def by_the_graph(root: Path, key: PlateKey, scratch: Path, method: str) -> pd.DataFrame:
    """Collate as the step of the graph does."""
    workspace = open_workspace(str(root))
    listing = scan_plate(workspace, key)
    source = PlateSource(SourceKind.CSVS, f"analysis/{key}", listing.fingerprint, listing, ())
    config = parse_config(f"pipeline: p\ncollate: {{method: {method}}}\n", path="c.yml")
    done = collate_sites(
        workspace,
        config,
        key,
        source,
        scratch,
        sqlite=True,
        parquet=False,
        aggregate=config.aggregation,
    )
    assert not isinstance(done, str)
    assert done.aggregate is not None
    return done.aggregate


@pytest.mark.parametrize("method", ["mean", "median"])
@pytest.mark.parametrize("name", ["synthetic_cp4281", "pycytominer_collate"])
def test_collate_of_real_sites_is_what_the_graph_makes(
    name: str, method: Any, tmp_path: Path
) -> None:
    root = shared_data("cellprofiler_csv", name)
    (folder,) = root.glob("analysis/*/*")
    key = PlateKey(folder.parent.name, folder.name)
    (tmp_path / "scratch").mkdir()
    expected = by_the_graph(root, key, tmp_path / "scratch", method)
    load_data = next(root.glob(f"load_data_csv/{key}/load_data.csv*"), None)
    done = pa.collate(folder / "analysis", tmp_path / "out", operation=method, load_data=load_data)
    csv = tmp_path / "out" / f"{key.plate}.csv"
    assert csv.read_bytes() == profiles_csv(expected, float_format=None, gzip=False)
    pd.testing.assert_frame_equal(done.frame, pa.read_profiles(csv), check_exact=True)
    assert done.sqlite is not None
    made = (tmp_path / "scratch" / f"{key.plate}.sqlite").read_bytes()
    assert done.sqlite.read_bytes() == made
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        f"{key.plate}.csv",
        f"{key.plate}.sqlite",
    ]


def test_collate_of_made_up_sites_is_what_the_graph_makes(
    demo: Path, collated: pa.Collated, tmp_path: Path
) -> None:
    expected = by_the_graph(demo, PlateKey(BATCH, PLATE), tmp_path, "mean")
    csv = demo / "out" / f"{PLATE}.csv"
    assert csv.read_bytes() == profiles_csv(expected, float_format=None, gzip=False)
    assert collated.frame["Metadata_Plate"].unique().tolist() == [PLATE]
    states = collated.sites.set_index("folder")["state"]
    assert states.to_dict()[f"{PLATE}-B03-2"] == "zero_cells"
    assert states.value_counts().to_dict() == {"complete": 23, "zero_cells": 1}
    assert collated.wells["state"].unique().tolist() == ["profile"]
    assert set(
        collated.frame.drop(columns=[n for n in collated.frame if is_metadata(n)]).dtypes
    ) == {np.dtype("float64")}


def test_the_backend_aggregates_to_the_profiles_that_collate_made(collated: pa.Collated) -> None:
    assert collated.sqlite is not None
    again = pa.aggregate(
        collated.sqlite, operation="mean", image_feature_categories=COLLATE_CATEGORIES
    )
    pd.testing.assert_frame_equal(again.frame, collated.frame)
    pd.testing.assert_frame_equal(again.wells, collated.wells)
    assert again.warnings == ()


def test_aggregate_gives_pycytominers_medians(collated: pa.Collated) -> None:
    cells = reference("pycytominer.cyto_utils.cells").SingleCells
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the class is deprecated; SQLAlchemy leaves connections
        theirs = cells(f"sqlite:///{collated.sqlite}").aggregate_profiles()
    assert collated.sqlite is not None
    ours = pa.aggregate(collated.sqlite).frame
    names = [name for name in ours.columns if not is_metadata(name)]
    np.testing.assert_allclose(ours[names], theirs[names], rtol=1e-12)
    assert ours["Metadata_Object_Count"].tolist() == theirs["Metadata_Object_Count"].tolist()


def test_a_file_that_stands_there_is_left_alone_until_it_may_be_replaced(
    demo: Path, collated: pa.Collated, tmp_path: Path
) -> None:
    (tmp_path / f"{PLATE}.csv").write_text("mine")
    with pytest.raises(pa.ProfilingError, match="it is there already") as caught:
        pa.collate(sites_of(demo, BATCH, PLATE), tmp_path)
    assert caught.value.path == str(tmp_path / f"{PLATE}.csv")
    assert (tmp_path / f"{PLATE}.csv").read_text() == "mine"
    again = pa.collate(sites_of(demo, BATCH, PLATE), tmp_path, overwrite=True)
    pd.testing.assert_frame_equal(again.frame, collated.frame)
    assert pa.read_profiles(tmp_path / f"{PLATE}.csv").equals(again.frame)


def test_missing_sites_are_told_by_the_load_data(demo: Path, tmp_path: Path) -> None:
    load_data = tmp_path / "load_data.csv"
    load_data.write_text("Metadata_Plate,Metadata_Well,Metadata_Site\n000123,A01,1\n000123,H12,1\n")
    done = pa.collate(sites_of(demo, BATCH, PLATE), tmp_path / "out", load_data=load_data)
    assert done.sites["state"].tolist().count("missing") == 1
    assert any("missing" in sentence for sentence in done.warnings)


def test_a_scan_lists_the_plates(demo: Path) -> None:
    frame = pa.scan(demo).frame
    assert frame["plate"].tolist() == ["000123", "PL-01-x", "000123"]
    assert frame["csvs"].tolist() == [True, True, True]
    assert frame["sqlite"].tolist() == [False, False, False]


# --- profiles


def test_annotate_of_a_real_plate_is_pycytominers() -> None:
    published = pa.read_profiles(real("augmented"))
    own = [
        name
        for name in published.columns
        if name in {"Metadata_Plate", "Metadata_Well"} or is_count(name) or not is_metadata(name)
    ]
    the_map = shared_data("profiles", "varchamp_batch14", f"{REAL}.platemap.txt")
    theirs = by_pycytominer("annotate", published.loc[:, own], as_text(the_map)).reset_index(
        drop=True
    )
    for given_map in (the_map, str(the_map), as_text(the_map)):
        ours = pa.annotate(published.loc[:, own], given_map)
        pd.testing.assert_frame_equal(ours.frame, theirs, check_exact=True)


@pytest.mark.parametrize("method", ["mad_robustize", "standardize", "robustize", "inverse_normal"])
def test_normalize_of_a_real_plate_is_pycytominers(method: str) -> None:
    # every eighth feature: what differs would differ in one of them
    frame = pa.read_profiles(real("augmented")).iloc[:, [*range(42), *range(42, 3945, 8)]]
    for image_features in (False, True):
        theirs = by_pycytominer("normalize", frame, method=method, image_features=image_features)
        ours = pa.normalize(frame, method=method, image_features=image_features)
        pd.testing.assert_frame_equal(ours.frame, theirs, check_exact=True)


def test_feature_select_of_a_real_plate_is_pycytominers() -> None:
    frame = real_profiles(every=11).replace([math.inf, -math.inf], math.nan)
    cutoffs: list[dict[str, Any]] = [
        {},
        {"na_cutoff": 0.01, "corr_threshold": 0.7, "outlier_cutoff": 20.0, "freq_cut": 0.2},
        {"corr_method": "spearman", "min_variance": 0.5, "unique_cut": 0.5},
    ]
    for options in cutoffs:
        theirs = by_pycytominer(
            "feature_select", frame, operation=ALL_OPERATIONS, image_features=True, **options
        )
        ours = pa.feature_select(frame, operation=ALL_OPERATIONS, image_features=True, **options)
        pd.testing.assert_frame_equal(ours.frame, theirs, check_exact=True)
        kept = ours.features["outcome"] == "kept"
        assert set(ours.features.loc[kept, "feature"]) == {n for n in theirs if not is_metadata(n)}


def test_the_gct_file_of_two_real_plates_stacked_is_pycytominers(tmp_path: Path) -> None:
    frame = real_profiles(every=20)
    other = frame.head(40).assign(Metadata_Plate="another")
    stacked = pa.stack([frame, other], "B").frame
    theirs = pd.concat([frame, other], ignore_index=True)
    pd.testing.assert_frame_equal(stacked.drop(columns="Metadata_batch"), theirs, check_exact=True)
    pa.write_gct(stacked, tmp_path / "ours.gct")
    reference("pycytominer.cyto_utils").write_gct(stacked, str(tmp_path / "theirs.gct"))
    assert (tmp_path / "ours.gct").read_bytes() == (tmp_path / "theirs.gct").read_bytes()


def test_the_chain_on_made_up_plates_is_pycytominers(
    demo: Path, collated: pa.Collated, tmp_path: Path
) -> None:
    annotated = pa.annotate(collated.frame, plate_map_of(demo))
    theirs = by_pycytominer("annotate", collated.frame, as_text(plate_map_of(demo)))
    pd.testing.assert_frame_equal(annotated.frame, theirs.reset_index(drop=True), check_exact=True)
    controls = "Metadata_control_type == 'negcon'"
    normalized = pa.normalize(annotated.frame, samples=controls)
    theirs = by_pycytominer("normalize", theirs, samples=controls, method="mad_robustize")
    pd.testing.assert_frame_equal(normalized.frame, theirs, check_exact=True)
    assert normalized.fitted_on == 4
    without_images = normalized.frame.drop(columns=[n for n in theirs if n.startswith("Image_")])
    selected = pa.feature_select(without_images)
    theirs = by_pycytominer(
        "feature_select",
        without_images.replace([math.inf, -math.inf], math.nan),
        operation=list(SELECTION),
    )
    assert selected.frame.columns.tolist() == theirs.columns.tolist()
    pd.testing.assert_frame_equal(selected.frame, without_images.loc[:, theirs.columns])
    stacked = pa.stack([selected.frame, selected.frame.assign(Metadata_Plate="P2")], BATCH)
    assert stacked.frame["Metadata_batch"].unique().tolist() == [BATCH]
    pa.write_gct(stacked.frame, tmp_path / "ours.gct")
    reference("pycytominer.cyto_utils").write_gct(stacked.frame, str(tmp_path / "theirs.gct"))
    assert (tmp_path / "ours.gct").read_bytes() == (tmp_path / "theirs.gct").read_bytes()


@st.composite
def plates(draw: st.DrawFn) -> pd.DataFrame:
    """A plate with features of any size, whole numbers among them, and some values missing."""
    rows, columns = draw(st.integers(2, 20)), draw(st.integers(1, 8))
    rng = np.random.default_rng(draw(st.integers(0, 100_000)))
    values = rng.normal(size=(rows, columns)) * 10 ** rng.uniform(-6, 6, columns)
    values[rng.random(values.shape) < draw(st.sampled_from([0, 0.2]))] = math.nan
    frame = pd.DataFrame(values, columns=pd.Index([f"Nuclei_{n}" for n in range(columns)]))
    kinds = ["a", "a", *draw(st.lists(st.sampled_from("ab"), min_size=rows, max_size=rows))]
    frame["Cells_Count"] = rng.integers(0, 9, rows)
    frame["Image_x"] = rng.normal(size=rows)
    frame["Metadata_Well"] = "A01"
    return frame.assign(Metadata_kind=pd.Series(kinds[:rows], dtype="str"))


@given(
    plates(),
    st.sampled_from(["mad_robustize", "standardize", "robustize"]),
    st.sampled_from(["all", "Metadata_kind == 'a'"]),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_normalize_of_any_plate_is_pycytominers(
    frame: pd.DataFrame, method: str, samples: str, image_features: bool
) -> None:
    before = frame.copy()
    options: dict[str, Any] = {
        "method": method,
        "samples": samples,
        "image_features": image_features,
    }
    ours = pa.normalize(frame, **options).frame
    pd.testing.assert_frame_equal(
        ours, by_pycytominer("normalize", frame, **options), check_exact=True
    )
    pd.testing.assert_frame_equal(frame, before)


def test_a_file_and_its_frame_give_the_same(demo: Path, collated: pa.Collated) -> None:
    file = demo / "out" / f"{PLATE}.csv"
    for name in ("normalize", "feature_select"):
        verb = getattr(pa, name)
        from_file, from_frame = verb(file), verb(collated.frame)
        pd.testing.assert_frame_equal(from_file.frame, from_frame.frame)
        assert from_file.warnings == from_frame.warnings
    assert pa.compare(str(file), collated.frame).is_empty


def test_external_metadata_join_from_a_frame_and_from_a_file(
    demo: Path, collated: pa.Collated, tmp_path: Path
) -> None:
    more = pd.DataFrame({"broad_sample": ["DMSO", "POS-1"], "target": ["none", "tubulin"]})
    more.to_csv(tmp_path / "more.tsv", sep="\t", index=False)
    for external in (more, tmp_path / "more.tsv"):
        done = pa.annotate(
            collated.frame, plate_map_of(demo), external, external_join_on="Metadata_broad_sample"
        )
        targets = done.frame.set_index("Metadata_broad_sample")["Metadata_target"]
        assert set(targets["DMSO"]) == {"none"}
        assert set(targets["CPD-1"]) == {""}
        assert any("has no row for" in sentence for sentence in done.warnings)


def test_compare_says_what_differs(collated: pa.Collated) -> None:
    a = collated.frame
    name = next(name for name in a.columns if name.startswith("Cells_"))
    b = a.copy()
    b.loc[0, name] += 1
    b.loc[1, name] = math.nan
    done = pa.compare(a, b.drop(columns=a.columns[-1]).iloc[:-1])
    assert not done.is_empty
    assert done.frame[["feature", "well"]].to_numpy().tolist() == [[name, a["Metadata_Well"][0]]]
    assert any(sentence.startswith("1 wells only in a") for sentence in done.warnings)
    assert any(sentence.startswith("1 features only in a") for sentence in done.warnings)
    assert any("empty or infinite" in sentence for sentence in done.warnings)
    two_plates = pd.concat([a, a.assign(Metadata_Plate="P2")])
    assert not pa.compare(two_plates, a.drop(columns="Metadata_Plate")).is_empty


# --- what cannot be done


@pytest.mark.parametrize(
    ("verb", "arguments", "options", "says"),
    [
        ("normalize", ("nowhere.csv",), {}, "there is no such file"),
        ("collate", ("nowhere", "out"), {}, "there is no such folder"),
        ("aggregate", ("nowhere.sqlite",), {}, "is not there"),
        ("scan", ("nowhere",), {}, "nowhere"),
        ("normalize", ("frame",), {"method": "zscore"}, "no method zscore"),
        ("normalize", ("frame",), {"features": ["Cells_z"]}, "no column Cells_z"),
        ("normalize", ("frame",), {"features": "Cells_z"}, "no column Cells_z"),
        ("normalize", ("frame",), {"samples": "Metadata_z == 'a'"}, "does not work on 000123"),
        (
            "feature_select",
            ("frame",),
            {"operation": "noise_removal"},
            "needs groups of replicates",
        ),
        ("feature_select", ("frame",), {"na_cutoff": 5}, "na_cutoff is 5"),
        ("feature_select", ("frame",), {"corr_method": "cosine"}, "corr_method is 'cosine'"),
        ("aggregate", ("x.sqlite",), {"operation": "sum"}, "no operation sum"),
        ("aggregate", ("x.sqlite",), {"strata": ["Metadata_Well"]}, "two columns or more"),
        ("annotate", ("frame", "frame", "frame"), {}, "belong together"),
        ("annotate", ("frame", "frame"), {}, "no column well_position"),
        ("stack", (("frame", "frame"), "B"), {}, "000123 is there twice"),
        ("stack", ((), "B"), {}, "no table"),
        ("write_gct", ("frame", "nowhere/x.gct"), {}, "cannot be written"),
        ("write_gct", ("frame", "x.gct"), {"compartments": ["Ph3"]}, "no feature of a compart"),
        ("compare", ("frame", "no wells"), {}, "no column Metadata_Well"),
        ("normalize", ("twice",), {}, "'Cells_a'"),
    ],
)
def test_what_cannot_be_done_is_said_with_a_remedy(
    verb: str,
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame(
        {"Metadata_Plate": "000123", "Metadata_Well": ["A01", "A02"], "Cells_a": [1.0, 2.0]}
    )
    tables = {
        "frame": frame,
        "no wells": frame[["Cells_a"]],
        "twice": pd.concat([frame, frame[["Cells_a"]]], axis="columns"),
    }

    def given_as(argument: Any) -> Any:
        if isinstance(argument, tuple):
            return [given_as(one) for one in argument]
        return tables.get(argument, argument)

    with pytest.raises(pa.ProfilingError, match=says) as caught:
        getattr(pa, verb)(*map(given_as, arguments), **options)
    assert caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_a_step_names_the_file_that_it_is_about(tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_text("Metadata_Plate,Metadata_Well,Cells_a\n000123,A01,word\n")
    with pytest.raises(pa.ProfilingError, match="holds words") as caught:
        pa.normalize(file)
    assert caught.value.path == str(file)


def test_aggregate_reads_databases_of_export_to_database_and_parquet_files_of_cells():
    database = shared_data("sqlite", "nf1_ExportToDatabase_all_cellprofiler.sqlite")
    assert sum(pa.aggregate(database).frame["Metadata_Object_Count"]) == 242
    cells = shared_data("single_cell", "BR00117006_shrunken.parquet")
    assert sum(pa.aggregate(cells).frame["Metadata_Object_Count"]) == 5
