"""The rules of the house: imports run one way, files agree with each other."""

import configparser
import importlib
import re
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest
import yaml

import profiling_assets

ROOT = Path(__file__).resolve().parents[1]


def _python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )


def test_imports_run_one_way() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_all_of_dagster_s_internals_are_forbidden_outside_the_launchers() -> None:
    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    forbidden = ruff["flake8-tidy-imports"]["banned-api"]
    (package,) = importlib.import_module("dagster").__path__
    inner = {path.stem for path in Path(package).glob("_[a-z]*")}
    assert len(inner) > 10
    assert {f"dagster.{name}" for name in inner} - set(forbidden) == set()


ROOMS_WITHOUT_DAGSTER = (
    "workspace",
    "config",
    "collate",
    "profiles",
    "quality",
    "steps",
    "publish",
)


@pytest.mark.parametrize("room", ROOMS_WITHOUT_DAGSTER)
def test_a_room_below_dagster_imports_with_dagster_and_boto3_absent(room: str) -> None:
    done = _python(
        f"""
        import importlib, pkgutil, sys
        for name in ("dagster", "dagster_aws", "boto3", "botocore", "obstore"):
            sys.modules[name] = None  # importing it raises ImportError
        package = importlib.import_module("profiling_assets.{room}")
        found = pkgutil.walk_packages(package.__path__, package.__name__ + ".")
        # talking to S3 is what `workspace.storage.s3` is there for
        names = [m.name for m in found if ".storage.s3." not in m.name]
        for name in names:
            importlib.import_module(name)
        assert len(names) > 4, names
        """
    )
    assert done.returncode == 0, done.stderr


# in the `dagster.yaml`s and unit files of people who set up an earlier version
FORMER_PATHS = {
    "profiling_assets.run_launcher:WarmRunLauncher": "dagster.launchers.local",
    "profiling_assets.celery_launcher:WatchedCeleryRunLauncher": "dagster.launchers.celery",
    "profiling_assets.celery_app:app": "dagster.launchers.celery_app",
    "profiling_assets.ecs_launcher:SizedEcsRunLauncher": "dagster.launchers.ecs",
    "profiling_assets.log_lines:JsonLines": "dagster.log_lines",
    "profiling_assets.storage.look_worker:main": "workspace.scan_worker",
}


@pytest.mark.parametrize(("former", "place"), FORMER_PATHS.items())
def test_a_dotted_path_of_the_former_version_leads_to_what_took_its_place(
    former: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if former.endswith(":app"):  # it reads its broker from there
        shipped = (ROOT / "deploy" / "celery" / "dagster.yaml").read_text(encoding="utf-8")
        launcher = yaml.safe_load(shipped)["run_launcher"]
        (tmp_path / "dagster.yaml").write_text(yaml.safe_dump({"run_launcher": launcher}))
        monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
        monkeypatch.setenv("PROFILING_ASSETS_BROKER", "memory://")
    module, _, name = former.partition(":")
    there = getattr(importlib.import_module(module), name)
    assert there is getattr(importlib.import_module(f"profiling_assets.{place}"), name)


def test_importing_the_package_imports_no_part_of_it() -> None:
    done = _python(
        """
        import sys, profiling_assets
        loaded = [m for m in sys.modules if m.startswith(("profiling_assets.", "dagster"))]
        assert not loaded, loaded
        """
    )
    assert done.returncode == 0, done.stderr


def test_setup_cfg_names_the_package_as_pyproject_does() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert setup["metadata"]["name"] == project["name"]
    assert setup.sections() == ["metadata"]


def test_every_dependency_has_its_reason_beside_its_line() -> None:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    wanted = [line for line in lines if re.match(r'  "[A-Za-z][\w.-]+(\[\w+\])?[<>=]', line)]
    assert len(wanted) > 20
    assert [line for line in wanted if "#" not in line] == []


def test_every_dependency_is_pinned_for_a_fresh_install() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {_name(line) for line in wanted}
    pinned = {
        _name(line)
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line and not line.startswith("#")
    }
    assert names <= pinned


def _name(requirement: str) -> str:
    for mark in "<>=;[ ":
        requirement = requirement.partition(mark)[0]
    return requirement.lower().replace("_", "-")


def test_the_workspace_file_names_the_code_location_that_loads() -> None:
    (entry,) = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]
    module = entry["python_module"]["module_name"]
    done = _python(
        f"""
        import os
        os.environ.pop("PROFILING_ASSETS_WORKSPACE", None)
        import importlib
        import dagster as dg
        assert isinstance(importlib.import_module("{module}").defs, dg.Definitions)
        """
    )
    assert done.returncode == 0, done.stderr
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "dagster" not in project.get("tool", {}), "a [tool.dagster] block would hide the file"


SHIMS = {path.partition(":")[0].replace(".", "/") + ".py" for path in FORMER_PATHS}


def test_every_module_says_what_belongs_in_it() -> None:
    silent = []
    for path in (ROOT / "profiling_assets").rglob("*.py"):
        head = path.read_text().split('"""')
        if str(path.relative_to(ROOT)) in SHIMS:
            continue
        if path.name not in ("__init__.py", "__main__.py") and (
            len(head) < 2 or "Put here" not in head[1]
        ):
            silent.append(str(path.relative_to(ROOT)))
    assert silent == []


_DYING = """
import os
import pytest

@pytest.mark.parametrize("number", range(8))
def test_of_a_worker_that_dies(number):
    if number == 2:
        os._exit(3)
"""


def test_a_worker_that_dies_fails_the_run_instead_of_stopping_it(tmp_path: Path) -> None:
    (tmp_path / "test_dying.py").write_text(_DYING)
    (tmp_path / "test_other.py").write_text("def test_of_another_worker():\n    pass\n")
    makefile = (ROOT / "Makefile").read_text()
    (words,) = re.findall(r"^PARALLEL := (.*)$", makefile, re.MULTILINE)
    assert "pytest $(PARALLEL) --session-timeout=" in makefile
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *words.split(), "--rootdir", tmp_path, tmp_path],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1, done.stdout
    assert "crashed while running" in done.stdout


def test_ci_calls_the_test_command_of_the_readme() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text().splitlines()
    assert "make test" in (ROOT / "README.md").read_text()


COMMANDS = sorted(
    path.stem
    for path in (ROOT / "profiling_assets" / "cli").glob("*.py")
    if path.stem != "__init__"
)


@pytest.mark.parametrize("module", COMMANDS)
def test_a_command_loads_neither_dagster_nor_pandas_at_import(module: str) -> None:
    done = _python(
        f"""
        import sys
        import profiling_assets.cli.{module}
        loaded = {{"dagster", "pandas", "pyarrow", "matplotlib", "pycytominer"}} & set(sys.modules)
        assert not loaded, loaded
        """
    )
    assert done.returncode == 0, done.stderr


# files, sections and libraries that are named beside modules
NOT_OURS = {"dagster.yaml", "object.csv", "retention", "csv"}


def test_every_module_named_as_a_better_place_exists() -> None:
    package = ROOT / "profiling_assets"
    named: list[tuple[Path, str]] = []
    for path in package.rglob("*.py"):
        head = path.read_text().split('"""')[1]
        places = re.findall(r"(?:Put here|Do not put here):(?:.|\n(?!\n|Put|Do not))*", head)
        for words in re.findall(r"\([^()]*\)", " ".join(places)):
            named += [(path, name) for name in re.findall(r"`([a-z_][a-z_0-9.]*)`", words)]
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, name in named
        if name not in NOT_OURS and not (_is_there(package, name) or _is_there(path.parent, name))
    ]
    assert len(named) > 100
    assert wrong == []


def _is_there(folder: Path, name: str) -> bool:
    place = folder.joinpath(*name.split("."))
    return place.is_dir() or place.with_suffix(".py").exists()


# of the handbook
NOT_OURS_IN_PAGES = {"collate.py", "csv2gz.py", "profiling_pipeline.py"}


def test_every_file_of_code_that_a_page_names_exists() -> None:
    pages = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"), *ROOT.glob("deploy/*/README.md")]
    named = [
        (page, path)
        for page in pages
        for path in re.findall(r"`([a-z_0-9./]+\.py)`", page.read_text(encoding="utf-8"))
    ]
    places = [ROOT, ROOT / "profiling_assets", ROOT / "profiling_assets_tests"]
    assert len(named) > 20
    wrong = [
        f"{page.relative_to(ROOT)}: {path}"
        for page, path in named
        if not any((place / path).exists() for place in places)
        and Path(path).name not in NOT_OURS_IN_PAGES
    ]
    assert wrong == []


def test_the_version_is_one_and_the_changelog_has_it() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == profiling_assets.__version__
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (.*)$", changelog, re.MULTILINE)
    assert profiling_assets.__version__ in versions[:2]


def test_the_hooks_of_a_commit_run_programs_that_the_project_installs() -> None:
    written = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook for repository in written["repos"] for hook in repository["hooks"]]
    programs = {hook["entry"].split()[0] for hook in hooks}
    installed = Path(sys.executable).parent
    assert all((installed / Path(program).name).exists() for program in programs)
    checks = re.findall(r"^check:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {Path(program).name for program in programs} == set(
        re.findall(r"\$\(BIN\)/(\S+)", checks[0])
    )


# What somebody outside may call: its docstrings have sections. Elsewhere a docstring is sentences.
PUBLIC = (
    *("api/", "errors.py", "settings.py", "workspace/storage/interface.py", "dagster/build.py"),
    *("dagster/launchers/local.py", "dagster/launchers/celery.py", "dagster/launchers/ecs.py"),
    "config/",
)


def test_docstrings_with_sections_are_those_of_what_somebody_outside_may_call() -> None:
    package = ROOT / "profiling_assets"
    found = [
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if re.search(r"^ *(Parameters|Returns|Raises|Attributes)\n *-{6,}$", path.read_text(), re.M)
    ]
    assert [path for path in found if not path.startswith(PUBLIC)] == []
    assert "dagster/build.py" in found
