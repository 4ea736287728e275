"""How static files are found and named: one style sheet built from its parts, hashed names also in scripts.

A style sheet that imports its parts would cost the browser sixty requests before the first rendering. So
pages link the combined css/app.css. static/css/index.css lists its parts and their order.
"""

import atexit
import posixpath
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import NamedTemporaryFile, mkdtemp
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage
from django.core.files.storage import FileSystemStorage, Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

SHEET = "css/app.css"
INDEX = "css/index.css"
_IMPORT = re.compile(r'@import url\("(?P<path>[^"]+)"\)(?: layer\((?P<layer>\w+)\))?;')
_COMMENT = re.compile(r"/\*.*?\*/\n?", re.DOTALL)
_INDENTATION = re.compile(r"\n[ \n]+")
_URL = re.compile(r'url\("(?P<path>\.[^"]+)"\)')


def combined_sheet(index: Path) -> str:
    """Return a style sheet with each `@import url("...") layer(...)` replaced by the imported file.

    Without comments and indentation, which every cold page would load.
    """
    sheet = _IMPORT.sub(lambda found: _part(index.parent, found["path"], found["layer"]), index.read_text())
    return _INDENTATION.sub("\n", _COMMENT.sub("", sheet))


def _part(folder: Path, path: str, layer: str | None) -> str:
    """Return one part in its layer. Its relative addresses are rewritten to be relative to `folder`."""
    at = posixpath.dirname(path)
    text = _URL.sub(
        lambda found: f'url("{posixpath.normpath(posixpath.join(at, found["path"]))}")',
        (folder / path).read_text(),
    )
    return f"@layer {layer} {{\n{text}}}" if layer else text


@cache
def _folder() -> str:
    """Return the temporary folder of this process, which is removed when the process ends."""
    folder = mkdtemp(prefix="riskhub-sheet-")
    atexit.register(rmtree, folder, ignore_errors=True)
    return folder


class SheetFinder(BaseFinder):
    """Finds css/app.css.

    It is built from its parts at each request, in a temporary folder of this process. The folder does not
    belong to the finder: Django may create two finders in two threads and drop one, which others still read.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.storage = FileSystemStorage(location=_folder())

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        """Return no messages, because this finder has no settings."""
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> str | list[str]:
        """Return the path of the sheet on disk; an empty list for every other name, as Django requires."""
        if path != SHEET:
            return []
        return [self._make()] if find_all else self._make()

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        """Yield the one file of this finder."""
        self._make()
        yield SHEET, self.storage

    def _make(self) -> str:
        made = Path(self.storage.path(SHEET))
        made.parent.mkdir(exist_ok=True)
        text = combined_sheet(Path(settings.STATICFILES_DIRS[0]) / INDEX)
        with NamedTemporaryFile("w", dir=made.parent, delete=False) as file:
            file.write(text)
        Path(file.name).replace(made)  # another thread may read the former one
        return str(made)


class HashedFilesStorage(CompressedManifestStaticFilesStorage):
    """Hashed, compressed files. Scripts import their modules by the hashed names."""

    support_js_module_import_aggregation = True

    def post_process(
        self, paths: dict[str, tuple[Any, str]], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str, bool]]:
        """Hash all files but those of django-htmx: its scripts import modules that only an import map has."""
        linked = {name: at for name, at in paths.items() if not name.startswith("django_htmx/")}
        yield from super().post_process(linked, dry_run, **options)
