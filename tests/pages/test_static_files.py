"""The result of `collectstatic`: one style sheet, and no name without a file."""

import gc
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import override_settings

from pages.static_files import INDEX, SHEET, SheetFinder, combined_sheet

# The modules that a template of their own links; all others are imported by app.js.
OF_ONE_PAGE = (
    "chart-zoom",
    "mapping-sample",
    "attachments", "board", "editor", "meeting-live", "meeting-notes", "meeting-record", "meeting-timer",
    "mentions", "tags",
    "passkeys",
)  # fmt: skip

ROOT = Path(__file__).parents[2]
HASHED = {"staticfiles": {"BACKEND": "pages.static_files.HashedFilesStorage"}}


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the collected site."""
    root = tmp_path_factory.mktemp("collected")
    with override_settings(STORAGES=HASHED, STATIC_ROOT=root):
        call_command("collectstatic", interactive=False, verbosity=0)
    return root


def _named(root: Path, name: str) -> Path:
    """Return the file that a page links for a name."""
    with override_settings(STORAGES=HASHED, STATIC_ROOT=root, STATIC_URL="/static/"):
        return root / staticfiles_storage.url(name).removeprefix("/static/")


def test_the_style_sheet_is_one_and_holds_every_part(collected: Path) -> None:
    text = _named(collected, "css/app.css").read_text()

    assert "@import" not in text
    assert "/*" not in text
    for part in (ROOT / "static/css").rglob("*/*.css"):
        first = next(line for line in part.read_text().splitlines() if line.endswith("{"))
        assert first in text, part.name


def test_the_site_that_was_not_collected_has_the_same_sheet() -> None:
    found = finders.find("css/app.css")

    assert Path(found).read_text() == combined_sheet(ROOT / "static" / INDEX)
    assert finders.find("css/no-such.css") is None


def test_the_sheet_of_a_finder_that_is_dropped_stays_on_disk() -> None:
    """Two threads that ask for the first time each create a finder, and Django keeps only one of them."""
    path = Path(str(SheetFinder().find(SHEET)))
    gc.collect()

    assert path.read_text() == combined_sheet(ROOT / "static" / INDEX)


def test_what_the_style_sheet_names_is_there(collected: Path) -> None:
    sheet = _named(collected, "css/app.css")
    names = re.findall(r'url\("([^"#]+)"\)', sheet.read_text())

    assert names
    for name in names:
        assert re.search(r"\.\w{12}\.\w+$", name), name
        assert (sheet.parent / name).exists(), name


def test_the_modules_that_a_script_names_are_there_by_their_hashed_names(collected: Path) -> None:
    seen: set[Path] = set()
    waiting = [_named(collected, f"js/{name}.js") for name in ("app", *OF_ONE_PAGE)]
    while waiting:
        module = waiting.pop()
        seen.add(module)
        for name in re.findall(r'(?:from|import)\s*"(\./[^"]+)"', module.read_text()):
            assert re.search(r"\.\w{12}\.js$", name), f"{module.name}: {name}"
            assert (module.parent / name).exists(), f"{module.name}: {name}"
            waiting += {module.parent / name} - seen

    assert len(seen) == len([path for path in (collected / "js").glob("*.js") if path.name.count(".") == 2])
