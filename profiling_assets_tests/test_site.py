"""The documentation site builds without a warning, and opens without a network."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
_LARGEST_PICTURE = 150_000  # bytes; they are in the repository for ever
# where a browser fetches by itself; a link that a reader clicks on may lead anywhere
_FETCHED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


class _Fetched(HTMLParser):
    """Collects what a page makes a browser fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get(_FETCHED.get(tag, ""))
        if address is not None:
            self.found.append(address)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    words = ("-b", "html", "-c", DOCS, "-d", folder / "doctrees", "-W", "--keep-going", "-q")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *words, ROOT, folder / "html"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "html"


def test_every_page_of_the_docs_is_on_the_site(site: Path) -> None:
    for page in DOCS.rglob("*.md"):
        assert (site / page.relative_to(ROOT).with_suffix(".html")).exists(), page


def test_the_site_opens_on_the_first_page(site: Path) -> None:
    (target,) = re.findall(r"url=([^\"]+)", (site / "index.html").read_text())
    assert (site / target).exists()


def test_the_site_fetches_nothing_from_a_network(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 40
    for page in pages:
        for address in _Fetched(page.read_text(encoding="utf-8")).found:
            assert "//" not in address, (page, address)
            if not address.startswith("data:"):
                assert (page.parent / address.partition("?")[0].partition("#")[0]).exists()
    for style in site.rglob("*.css"):
        assert not re.search(r"@import|url\(['\"]?(?:https?:)?//", style.read_text("utf-8")), style


def test_a_link_that_leads_nowhere_fails_the_build(tmp_path: Path) -> None:
    (tmp_path / "docs").symlink_to(DOCS)  # the same settings, another source
    (tmp_path / "page.md").write_text("# A\n\n[a](#no-such) [b](no-such.md) ![c](no-such.png)\n")
    words = ("-b", "html", "-c", DOCS, "-W", "--keep-going", "-q")
    settings = ("-D", "root_doc=page", "-D", "include_patterns=page.md")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *words, *settings, tmp_path, tmp_path / "html"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("no-such") == 3, done.stderr


def test_pictures_are_small() -> None:
    pictures = list((DOCS / "pictures").iterdir())
    assert pictures
    assert [p.name for p in pictures if p.stat().st_size > _LARGEST_PICTURE] == []


def test_every_picture_is_on_a_page() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md"))
    assert [p.name for p in (DOCS / "pictures").iterdir() if p.name not in text] == []


def test_every_environment_variable_of_the_program_is_on_its_page() -> None:
    source = "".join(p.read_text("utf-8") for p in (ROOT / "profiling_assets").rglob("*.py"))
    known = set(re.findall(r"\"(PROFILING_ASSETS_[A-Z_]+)\"", source))
    page = (DOCS / "environment.md").read_text(encoding="utf-8")
    assert known == set(re.findall(r"`(PROFILING_ASSETS_[A-Z_]+)`", page))
