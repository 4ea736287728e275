"""How the files of the site are found and named: one style sheet of many parts, hashed names also in scripts.

A sheet that imports its parts costs the browser sixty requests before the first picture. So nobody is sent
one: static/css/index.css says what belongs together and in which order, pages link css/app.css.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any
from weakref import finalize

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage
from django.core.files.storage import FileSystemStorage, Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

SHEET = "css/app.css"
INDEX = "css/index.css"
_IMPORT = re.compile(r'@import url\("(?P<path>[^"]+)"\)(?: layer\((?P<layer>\w+)\))?;')
_URL = re.compile(r'url\("(?P<path>\.[^"]+)"\)')


def combined_sheet(index: Path) -> str:
    """The text of a style sheet with each `@import url("...") layer(...)` replaced by what it names."""
    return _IMPORT.sub(lambda found: _part(index.parent, found["path"], found["layer"]), index.read_text())


def _part(folder: Path, path: str, layer: str | None) -> str:
    """One part, in its layer; what it addresses relative to itself is addressed from `folder`."""
    at = posixpath.dirname(path)
    text = _URL.sub(
        lambda found: f'url("{posixpath.normpath(posixpath.join(at, found["path"]))}")',
        (folder / path).read_text(),
    )
    return f"@layer {layer} {{\n{text}}}" if layer else text


class SheetFinder(BaseFinder):
    """Finds css/app.css, made of its parts whenever it is asked for, in a folder of this process."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        folder = mkdtemp(prefix="riskhub-sheet-")
        finalize(self, rmtree, folder, ignore_errors=True)  # at the latest when the process ends
        self.storage = FileSystemStorage(location=folder)

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        """Nothing to set up, so nothing to check."""
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> str | list[str]:
        """The path of the sheet on disk; an empty list for every other name, as Django wants it."""
        if path != SHEET:
            return []
        return [self._make()] if find_all else self._make()

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        """The one file of this finder."""
        self._make()
        yield SHEET, self.storage

    def _make(self) -> str:
        made = Path(self.storage.path(SHEET))
        made.parent.mkdir(exist_ok=True)
        made.write_text(combined_sheet(Path(settings.STATICFILES_DIRS[0]) / INDEX))
        return str(made)


class HashedFilesStorage(CompressedManifestStaticFilesStorage):
    """Hashed, compressed files; a script names its modules by their hashed names."""

    support_js_module_import_aggregation = True

    def post_process(
        self, paths: dict[str, tuple[Any, str]], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str, bool]]:
        """Name all files but those of django-htmx: its scripts name modules that only an import map knows."""
        linked = {name: at for name, at in paths.items() if not name.startswith("django_htmx/")}
        yield from super().post_process(linked, dry_run, **options)
