"""How `collectstatic` makes the files of the site: one style sheet of many, hashed names, also inside scripts.

A style sheet written in parts is read part by part by the browser: forty requests before the first picture.
On the maker's own machine that costs little, over a network it does not, so the collected site has one sheet.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage

SHEET = "css/app.css"
_IMPORT = re.compile(r'@import url\("(?P<path>[^"]+)"\)(?: layer\((?P<layer>\w+)\))?;')
_URL = re.compile(r'url\("(?P<path>\.[^"]+)"\)')


def combined_sheet(sheet: Path) -> str:
    """The text of a style sheet with each `@import url("...") layer(...)` replaced by what it names."""
    return _IMPORT.sub(lambda found: _part(sheet.parent, found["path"], found["layer"]), sheet.read_text())


def _part(folder: Path, path: str, layer: str | None) -> str:
    """One part, in its layer; what it addresses relative to itself is addressed from `folder`."""
    at = posixpath.dirname(path)
    text = _URL.sub(
        lambda found: f'url("{posixpath.normpath(posixpath.join(at, found["path"]))}")',
        (folder / path).read_text(),
    )
    return f"@layer {layer} {{\n{text}}}" if layer else text


class HashedFilesStorage(CompressedManifestStaticFilesStorage):
    """Hashed, compressed files. A script names its modules by their hashed names; the style sheet is one."""

    support_js_module_import_aggregation = True

    def post_process(
        self, paths: dict[str, tuple[Any, str]], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str, bool]]:
        """Write the combined sheet beside the parts and hash that one instead of the written one."""
        # The scripts that django-htmx brings name modules that only an import map knows; no page links them.
        named = {name: at for name, at in paths.items() if not name.startswith("django_htmx/")}
        if not dry_run:
            source, path = paths[SHEET]
            Path(self.path(SHEET)).write_text(combined_sheet(Path(source.path(path))))
            named[SHEET] = (self, SHEET)
        yield from super().post_process(named, dry_run, **options)
