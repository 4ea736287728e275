"""The template loader. It removes the indentation of HTML when it loads a template (ADR 0007).

Templates are indented for readability. A browser shows a run of whitespace as one space, so the loader
shortens the run to its newline. This happens once per template instead of in each response.
"""

import re

from django.template import Origin
from django.template.loaders import filesystem

# Elements that keep their whitespace, because browsers show it or because it is code of another language.
_KEPT = re.compile(
    r"(<(pre|textarea|script|style)\b.*?</\2\s*>|\{%\s*verbatim\b.*?\{%\s*endverbatim[^%]*%\})",
    re.DOTALL | re.IGNORECASE,
)
_INDENTED_NEWLINE = re.compile(r"[ \t]*\n[ \t]*")


class Loader(filesystem.Loader):
    """Django's filesystem loader. Files that do not end in `.html`, such as text mails, are not changed."""

    def get_contents(self, origin: Origin) -> str:
        """Return the template's source. Raises TemplateDoesNotExist as Django's loader does."""
        source = super().get_contents(origin)
        return without_indentation(source) if str(origin.name).endswith(".html") else source


def without_indentation(source: str) -> str:
    """Return the source with the spaces and tabs around each newline removed.

    Every newline stays, so that errors name the right line and words stay separate.
    """
    # With two groups in the pattern, split() gives text, kept block, its element's name, text, ...
    pieces = _KEPT.split(source)
    for index in range(0, len(pieces), 3):
        pieces[index] = _INDENTED_NEWLINE.sub("\n", pieces[index])
    return "".join(piece for index, piece in enumerate(pieces) if index % 3 != 2)
