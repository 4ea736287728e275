"""Markdown to HTML for pages, the feed and mails.

Two safeguards: the parser passes no HTML, and the cleaner keeps only known tags and addresses. Pages load
nothing from other sites, and no word becomes a link because it resembles a domain:

- Only an address with a scheme (http, https, mailto) becomes a link without Markdown syntax. `train.py`,
  `README.md` and `run.sh` are file names in these texts, although each ends like the domain of a country.
- An image becomes a link with its text, because the server of an external image would learn who reads the
  text and when. Only static files of this site and attached images are shown as pictures.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import nh3
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_SCHEMES = {"http", "https", "mailto"}
# The address of an attached file that is an image by its name (talk/urls.py); its content has the same type.
_ATTACHED_IMAGE = re.compile(
    r"/files/[1-9][0-9]{0,17}/[^/?#]+\.(?:png|jpe?g|jpe|jfif|gif|webp)", re.IGNORECASE
)


# Splits a text into pieces: (text, the address that they link to, or None).
Linker = Callable[[str], list[tuple[str, str | None]]]


def html_of(text: Any, linker: Linker | None = None) -> SafeString:
    """Return the HTML of a Markdown text; "" for None or an empty text.

    linker: makes links of words in the text, such as mentions; not within code and other links.
    """
    html = _parser().render(str(text or ""), {"linker": linker})
    cleaned = nh3.clean(
        html, url_schemes=_SCHEMES, link_rel="noopener nofollow", attribute_filter=_without_foreign_pictures
    )
    return mark_safe(cleaned)


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": True})
    parser.enable(["table", "strikethrough", "linkify"])
    linkify: Any = parser.linkify  # set by the option above
    linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    for schema in ("//", "ftp:"):
        linkify.add(schema, None)
    parser.add_render_rule("image", _image)
    parser.core.ruler.push("link_words", _link_words)
    return parser


def plain_texts(text: Any) -> list[str]:
    """Return the words of a Markdown text, line by line, without code and without links."""
    tokens = _parser().parse(str(text or ""))
    return [token.content for parent in tokens for token, _ in _words_of(parent)]


def _words_of(parent: Token) -> Iterator[tuple[Token, int]]:
    """Yield the text tokens of an inline token that are not within a link, with their positions."""
    depth = 0
    for position, token in enumerate(parent.children or []):
        depth += (token.type == "link_open") - (token.type == "link_close")
        if token.type == "text" and depth == 0:
            yield token, position


def _link_words(state: StateCore) -> None:
    """Replace words by links, where the caller of html_of() gave a linker."""
    linker: Linker | None = state.env.get("linker")
    for parent in state.tokens if linker else ():
        children = parent.children or []
        for token, position in reversed(list(_words_of(parent))):
            children[position : position + 1] = _linked(linker(token.content), token.level)


def _linked(pieces: list[tuple[str, str | None]], level: int) -> list[Token]:
    tokens = []
    for text, address in pieces:
        token = Token("text", "", 0, content=text, level=level)
        if address is None:
            tokens.append(token)
            continue
        opening = Token("link_open", "a", 1, attrs={"href": address}, level=level)
        tokens += [opening, token, Token("link_close", "a", -1, level=level)]
    return tokens


def _image(renderer: Any, tokens: Sequence[Token], position: int, options: Any, env: Any) -> str:
    """Return the HTML of an image: a picture for a file of this site, else a link with its text."""
    token = tokens[position]
    address = str(token.attrGet("src") or "")
    text = renderer.renderInlineAsText(token.children or [], options, env)
    if is_ours(address):
        return format_html('<img src="{}" alt="{}">', address, text)
    if _is_within_link(tokens[:position]):
        return format_html("{}", text or address)
    return format_html('<a href="{}">{}</a>', address, text or address)


def _is_within_link(before: Sequence[Token]) -> bool:
    depth = sum((token.type == "link_open") - (token.type == "link_close") for token in before)
    return depth > 0


def is_ours(address: str) -> bool:
    """Return True for the address of a static file of this site, or of an attached image."""
    path = address.removeprefix(settings.BASE_URL)
    if _ATTACHED_IMAGE.fullmatch(path):
        return True
    return path.startswith(settings.STATIC_URL) and ".." not in unquote(path)


def _without_foreign_pictures(tag: str, attribute: str, value: str) -> str | None:
    if tag == "img" and attribute == "src" and not is_ours(value):
        return None
    return value
