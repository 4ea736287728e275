"""The loader of our own templates: it drops the indentation of HTML when a template is read (ADR 0007).

Templates are indented for their readers. A browser shows a run of whitespace as one space, so the run is cut
to its newline once, at loading, and not in each answer.
"""

import re

from django.template import Origin
from django.template.loaders import filesystem

# What keeps its whitespace: a browser shows it, or it is code of another language.
_KEPT = re.compile(
    r"(<(pre|textarea|script|style)\b.*?</\2\s*>|\{%\s*verbatim\b.*?\{%\s*endverbatim[^%]*%\})",
    re.DOTALL | re.IGNORECASE,
)
_INDENTED_NEWLINE = re.compile(r"[ \t]*\n[ \t]*")


class Loader(filesystem.Loader):
    """Django's filesystem loader; files that do not end in `.html`, like text mails, stay as they are."""

    def get_contents(self, origin: Origin) -> str:
        """Return the template's source. Raises TemplateDoesNotExist as Django's loader does."""
        source = super().get_contents(origin)
        return without_indentation(source) if str(origin.name).endswith(".html") else source


def without_indentation(source: str) -> str:
    """Return the source with the spaces and tabs around each newline removed.

    Every newline stays, so an error names the right line and two words stay two words.
    """
    # With two groups in the pattern, split() gives text, kept block, its element's name, text, ...
    pieces = _KEPT.split(source)
    for index in range(0, len(pieces), 3):
        pieces[index] = _INDENTED_NEWLINE.sub("\n", pieces[index])
    return "".join(piece for index, piece in enumerate(pieces) if index % 3 != 2)
