"""A survey of some headers gives what a survey of all of them gives, with one read of each file."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiling_assets.collate.collate_plate import collate_plate
from profiling_assets.collate.columns import Survey, sample, survey_headers, survey_sample
from profiling_assets.collate.options import CollateOptions, CollateResult
from profiling_assets.collate.table_choice import required_tables
from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets.errors import ProfilingError
from profiling_assets.workspace.ledger import SiteState
from profiling_assets.workspace.site_folder import SiteFolder
from profiling_assets_tests.collate.support import (
    KEY,
    MadeFolder,
    collate,
    csv_text,
    index_sql,
    made_site,
    stored_tables,
)

AGGREGATE = AggregateOptions("median", image_feature_categories=("Count", "Texture"))


@dataclass(frozen=True)
class CountingFolder:
    """A site folder that counts the requests for its files."""

    folder: MadeFolder
    reads: Counter[str] = field(default_factory=Counter[str])
    heads: Counter[str] = field(default_factory=Counter[str])

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def files(self) -> Mapping[str, int]:
        return self.folder.files

    def read(self, file: str) -> bytes:
        self.reads[file] += 1
        return self.folder.read(file)

    def head(self, file: str) -> bytes:
        self.heads[file] += 1
        return self.folder.head(file)


def collated(
    folders: Sequence[SiteFolder],
    survey: Survey,
    out: Path,
    *,
    aggregate: AggregateOptions | None = AGGREGATE,
    options: CollateOptions | None = None,
    parquet: bool = False,
) -> CollateResult:
    out.mkdir()
    return collate_plate(
        KEY,
        folders,
        None,
        options or CollateOptions(),
        sqlite_file=out / "backend.sqlite",
        parquet_folder=out if parquet else None,
        aggregate=aggregate,
        path="x",
        survey=survey,
    )


# --- the same result ----------------------------------------------------------------------------

NUMBERS = ["1", "2.5", "-0.0", "0", "nan", "", "9007199254740993", "1e300"]
CELL = st.sampled_from([*NUMBERS, "text"]) | st.sampled_from(NUMBERS)
OBJECT_COLUMNS = ["F1", "F2", "f2", "F3", "Parent_Cells", "Number"]
IMAGE_COLUMNS = [
    "Metadata_Plate", "Metadata_Well", "Metadata_Site", "Count_Cells", "Texture_A", "Texture_B",
    "URL", "ModuleError_1", "Image_Metadata_Plate",
]  # fmt: skip


@st.composite
def object_csv(draw: st.DrawFn, number: int, usual: tuple[str, ...]) -> bytes:
    odd = st.lists(st.sampled_from(OBJECT_COLUMNS), max_size=5, unique_by=str.lower)
    columns = draw(st.just(list(usual)) | st.just(list(usual)) | odd)
    keys = draw(st.sampled_from([["ImageNumber", "ObjectNumber"]] * 6 + [["ImageNumber"]]))
    header = [*keys, *columns]
    rows = [
        [number, at, *(draw(CELL) for _ in columns)][-len(header) :] if len(keys) == 2 else
        [number, *(draw(CELL) for _ in columns)]
        for at in range(1, draw(st.integers(0, 3)) + 1)
    ]  # fmt: skip
    text = csv_text(header, rows)
    end = draw(st.sampled_from(["whole"] * 8 + ["cut", "twice", "empty"]))
    if end == "cut":  # a header alone without its line end, or a row that was cut
        text = text.rstrip("\r\n")
    elif end == "twice":
        text = csv_text([*header, header[-1]], [])
    return b"" if end == "empty" else text.encode()


@st.composite
def image_csv(draw: st.DrawFn, number: int, well: str, usual: tuple[str, ...]) -> bytes:
    odd = st.lists(st.sampled_from(IMAGE_COLUMNS), max_size=6, unique=True)
    columns = draw(st.just(list(usual)) | st.just(list(usual)) | odd)
    values = {"Metadata_Plate": "P1", "Metadata_Well": well, "Metadata_Site": "1"}
    row = [values[name] if name in values else draw(CELL) for name in columns]
    text = csv_text(["ImageNumber", *columns], [[number, *row]])
    return draw(st.sampled_from([text.encode()] * 9 + [b"", text.encode()[:-4], b"x,y\r\n1,2\r\n"]))


@st.composite
def plates(draw: st.DrawFn) -> list[MadeFolder]:
    usual = tuple(draw(st.permutations(["F1", "F2", "F3"])))
    usual_image = tuple(draw(st.permutations(["Metadata_Well", "Count_Cells", "Texture_A", "URL"])))
    folders: list[MadeFolder] = []
    for at in range(draw(st.integers(2, 6))):
        number, well = at + 1, f"A{at // 2 + 1:02d}"
        contents = {"Image.csv": draw(image_csv(number, well, usual_image))}
        for file, chance in (("Cells.csv", 8), ("Nuclei.csv", 8), ("PH3.csv", 2)):
            if draw(st.integers(1, 9)) <= chance:
                contents[file] = draw(object_csv(number, usual))
        if draw(st.integers(1, 9)) == 1:
            del contents["Image.csv"]
        name = draw(st.sampled_from([f"P1-{well}-{at % 2 + 1}"] * 5 + [f"P1-H{at + 1:02d}-1"]))
        folders.append(MadeFolder(name if draw(st.integers(1, 9)) > 1 else f"x{at}", contents))
    return list({folder.name: folder for folder in folders}.values())


@st.composite
def merged_csv(draw: st.DrawFn, number: int) -> bytes:
    """Make an `object.csv`: two header rows, the compartments side by side."""
    tables = draw(st.sampled_from([["Cells", "Nuclei"]] * 6 + [["Cells"], ["Nuclei", "Ph3"]]))
    columns = [("Image", "ImageNumber")]
    for table in tables:
        columns.append((table, "Number_Object_Number"))
        odd = st.lists(st.sampled_from(OBJECT_COLUMNS), max_size=4, unique_by=str.lower)
        columns += [(table, name) for name in draw(st.just(["F1", "F2"]) | odd)]
    rows = [
        [number, *(at if name.startswith("Number_") else draw(CELL) for _, name in columns[1:])]
        for at in range(1, draw(st.integers(0, 2)) + 1)
    ]
    text = csv_text([group for group, _ in columns], [[name for _, name in columns], *rows])
    return draw(st.sampled_from([text.encode()] * 9 + [b"", text.rstrip().encode()]))


@st.composite
def merged_plates(draw: st.DrawFn) -> list[MadeFolder]:
    folders: list[MadeFolder] = []
    for number in range(1, draw(st.integers(2, 5)) + 1):
        image = csv_text(["ImageNumber", "Count_Cells"], [[number, 3]]).encode()
        contents = {"Image.csv": image, "object.csv": draw(merged_csv(number))}
        if draw(st.integers(1, 6)) == 1:
            contents["Cells.csv"] = contents.pop("object.csv")
        folders.append(MadeFolder(f"P1-A{number:02d}-1", contents))
    return folders


def outcome(
    folders: Sequence[SiteFolder],
    survey: Survey,
    out: Path,
    *,
    parquet: bool,
    options: CollateOptions | None = None,
) -> tuple[object, ...]:
    try:
        result = collated(folders, survey, out, parquet=parquet, options=options)
    except ProfilingError as error:
        return (type(error), str(error))
    file = out / "backend.sqlite"
    frames = {table: pd.read_parquet(file) for table, file in result.parquet_files.items()}
    frame = None if result.aggregate is None else result.aggregate.to_csv()
    told = (result.tables, result.sites, result.wells, result.warnings, result.cells)
    return (
        *told,
        frame,
        None if result.aggregate is None else tuple(map(str, result.aggregate.dtypes)),
        {t: repr((s.columns, s.rows, s.classes)) for t, s in stored_tables(file).items()},
        index_sql(file),
        {table: frame.to_csv() for table, frame in frames.items()},
        tuple(sorted(path.name for path in out.iterdir())),
    )


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(folders=plates(), size=st.integers(1, 2), parquet=st.sampled_from([False, False, True]))
def test_a_sample_of_headers_gives_what_all_headers_give(
    folders: list[MadeFolder], size: int, parquet: bool
):
    with TemporaryDirectory() as folder:
        full = outcome(folders, survey_headers(folders), Path(folder, "full"), parquet=parquet)
        some = outcome(
            folders, survey_sample(folders, size=size), Path(folder, "some"), parquet=parquet
        )
    for ours, wanted in zip(some, full, strict=True):
        assert ours == wanted


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(folders=merged_plates(), size=st.integers(1, 2))
def test_a_sample_of_merged_files_gives_what_all_of_them_give(folders: list[MadeFolder], size: int):
    munge = CollateOptions(munge=True)
    full, some = survey_headers(folders, munge=True), survey_sample(folders, munge=True, size=size)
    with TemporaryDirectory() as folder:
        wanted = outcome(folders, full, Path(folder, "full"), parquet=False, options=munge)
        ours = outcome(folders, some, Path(folder, "some"), parquet=False, options=munge)
    assert ours == wanted


# --- what it costs ------------------------------------------------------------------------------


def flagged(site: MadeFolder) -> MadeFolder:
    """Make the site one whose image failed quality control: a short Image file, no objects."""
    well, number = site.name.split("-")[1:]
    image = csv_text(["ImageNumber", "Metadata_Well", "Metadata_Site"], [[777, well, number]])
    return MadeFolder(site.name, {"Image.csv": image.encode()})


def ordinary_plate() -> list[CountingFolder]:
    """Make 48 sites; three of those that a sample of 4 does not look at are flagged."""
    sites = [made_site(f"{row}{n:02d}", s) for row in "ABCD" for n in range(1, 7) for s in (1, 2)]
    sites[5:8] = [flagged(site) for site in sites[5:8]]
    assert not {site.name for site in sites[5:8]} & {site.name for site in sample(sites, 4)}
    return [CountingFolder(site) for site in sites]


def requests(folders: Sequence[CountingFolder]) -> tuple[int, int, int]:
    """Return files read, reads of files, and heads of files."""
    files = sum(len(folder.files) for folder in folders)
    reads, heads = (sum(c.total() for c in cs) for cs in zip(
        *((folder.reads, folder.heads) for folder in folders), strict=True
    ))  # fmt: skip
    return files, reads, heads


def test_each_file_of_an_ordinary_plate_is_read_once(tmp_path: Path):
    folders = ordinary_plate()
    survey = survey_sample(folders, size=4)
    result = collated(folders, survey, tmp_path / "some")
    files, reads, heads = requests(folders)
    assert reads == files
    assert heads == 4 * 4  # of four folders, before the pass
    assert all(count == 1 for folder in folders for count in folder.reads.values())
    states = Counter(site.state for site in result.sites)
    assert states == {SiteState.COMPLETE: 45, SiteState.QC_FLAGGED: 3}
    full = outcome(
        [f.folder for f in folders], survey_headers(folders), tmp_path / "f", parquet=True
    )
    some = outcome([f.folder for f in folders], survey, tmp_path / "s", parquet=True)
    assert some == full


def with_column(site: MadeFolder, *, last: bool, instead: bool) -> MadeFolder:
    """Give Cells.csv a column that no other site has; in the place of another, or one more."""
    lines = site.contents["Cells.csv"].decode().splitlines()
    rows = [line.split(",")[: 3 if instead else 4] for line in lines]
    place = len(rows[0]) if last else 2
    for at, row in enumerate(rows):
        row.insert(place, "Zernike" if at == 0 else "1.5")
    return site.with_file("Cells.csv", csv_text(rows[0], rows[1:]))


@pytest.mark.parametrize(
    ("last", "instead", "passes"),
    [(True, True, 1), (False, True, 1), (True, False, 2), (False, False, 2)],
    ids=["another_last", "another_first", "one_more_last", "one_more_first"],
)
def test_a_new_column_costs_a_pass_only_where_it_makes_another_header_the_fullest(
    tmp_path: Path, last: bool, instead: bool, passes: int
):
    folders = ordinary_plate()
    survey = survey_sample(folders, size=4)
    assert folders[9] not in sample(folders, 4)
    odd = with_column(folders[9].folder, last=last, instead=instead)
    folders[9] = CountingFolder(odd)
    before = requests(folders)[1]
    collated(folders, survey, tmp_path / "some")
    files, reads, _ = requests(folders)
    assert reads - before == passes * files
    full = outcome(
        [f.folder for f in folders], survey_headers(folders), tmp_path / "f", parquet=False
    )
    some = outcome([f.folder for f in folders], survey, tmp_path / "s", parquet=False)
    assert some == full


def test_a_sample_without_what_is_needed_is_followed_by_all_headers(tmp_path: Path):
    # the largest Image file, the only one in the sample, lacks the column that names the well
    folders = [made_site("A01"), made_site("B02"), made_site("C03")]
    long = csv_text(["ImageNumber", "Name"], [[1, "x" * 999]])
    folders[0] = folders[0].with_file("Image.csv", long)
    survey = survey_sample(folders, size=1)
    assert survey.sampled
    options = AggregateOptions("mean", well_column="Texture_Contrast_DNA")
    with pytest.raises(ProfilingError, match="Texture_Contrast_DNA"):
        collate([folders[0]], tmp_path / "one", aggregate=options)
    result = collated(folders, survey, tmp_path / "some", aggregate=options)
    assert result.aggregate is not None
    assert len(result.aggregate) == 1


def test_a_table_that_turns_out_too_wide_for_sqlite_goes_to_parquet(tmp_path: Path):
    folders = [made_site("A01"), made_site("B02"), made_site("C03")]
    survey = survey_sample(folders, size=1)
    header = ["ImageNumber", "ObjectNumber", *(f"F{n}" for n in range(2050))]
    wide = csv_text(header, [[20201, 1, *range(2050)]])
    late = next(i for i, f in enumerate(folders) if f.name != sample(folders, 1)[0].name)
    folders[late] = folders[late].with_file("Nuclei.csv", wide)
    (tmp_path / "parquet").mkdir()
    result = collate_plate(
        KEY, folders, None, CollateOptions(), sqlite_file=tmp_path / "backend.sqlite",
        parquet_folder=None, aggregate=AGGREGATE, path="x", survey=survey,
        parquet_if_wide=tmp_path / "parquet",
    )  # fmt: skip
    assert result.sqlite_withheld is not None
    assert "Nuclei has 2,055 columns" in result.sqlite_withheld
    assert f"{folders[late].name}/Nuclei.csv has 2,052 of them" in result.sqlite_withheld
    assert set(result.parquet_files) == {"Image", "Cells", "Cytoplasm", "Nuclei"}
    assert not (tmp_path / "backend.sqlite").exists()


def test_the_sample_holds_the_largest_image_files_and_every_table_that_is_listed():
    sites = [made_site(f"A{n:02d}") for n in range(1, 25)]
    sites[7] = sites[7].with_file("Image.csv", b"x" * 5000)
    sites[11] = sites[11].with_file("PH3.csv", b"ImageNumber,ObjectNumber\n")
    names = {folder.name for folder in sample(sites, 4)}
    assert {sites[7].name, sites[11].name, sites[0].name} <= names
    assert len(names) <= 5
    assert sample([], 4) == []
    survey = survey_sample(sites, size=4)
    assert required_tables(survey.presence, None) == {
        "Cells",
        "Cytoplasm",
        "Nuclei",
    }  # by the listing of every folder


def test_a_small_plate_is_surveyed_whole():
    sites = [made_site("A01"), made_site("A02")]
    assert not survey_sample(sites).sampled
    assert survey_sample(sites, at_once=4) == survey_headers(sites)
