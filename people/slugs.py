"""The slug of a name, for addresses and for the API: in ASCII, whatever script the name is in (ADR 0013)."""

import unicodedata
from collections.abc import Collection
from itertools import chain, count

from anyascii import anyascii
from django.utils.text import slugify


def slug_of(text: str) -> str:
    """Return a text in any script as a slug in ASCII, "" where nothing of it can be written so.

    "Команда риска" is "komanda-riska", "风险团队" is "fengxiantuandui".
    """
    return slugify(anyascii(unicodedata.normalize("NFKC", text)))


def free_slug(slug: str, taken: Collection[str], what: str) -> str:
    """Return the slug, numbered if it is taken: other names in other scripts can be written alike in ASCII.

    what: the slug of a name of which nothing, or only digits, can be written in ASCII.
    """
    slug = what if not slug else f"{what}-{slug}" if slug.isdigit() else slug
    numbered = (f"{slug}-{number}" for number in count(2))
    return next(one for one in chain([slug], numbered) if one not in taken)
