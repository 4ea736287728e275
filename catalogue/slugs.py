"""How the names of models in tools are compared: in any script, without case, spaces and punctuation."""

import unicodedata

from django.utils.text import slugify

from people.slugs import slug_of


def name_key(name: str) -> str:
    """Return what two spellings of one name have in common, "" for a name without a letter or digit.

    Words of letters and digits of any script, in lower case, joined by hyphens: "Credit_PD", "credit pd" and
    "CREDIT-PD" are "credit-pd". Accents stay, because they distinguish words in some languages.
    """
    text = unicodedata.normalize("NFKC", name).casefold()
    kept = (letter if _is_part_of_word(letter) else " " for letter in text)
    return "-".join("".join(kept).split())


def slugs_of_name(name: str) -> list[str]:
    """Return the slugs that a name can mean, the likeliest one first.

    Slugs keep underscores, which other tools write for hyphens. The slug of only the ASCII letters of a name
    is among them, because earlier versions made the slug of a model this way.
    """
    slug = slug_of(name)
    likely = (slug, slug.replace("_", "-"), slug.replace("-", "_"), slugify(name))
    return [one for one in dict.fromkeys(likely) if one]


def _is_part_of_word(letter: str) -> bool:
    """Return True for letters, digits and the marks that some scripts write their vowels with."""
    return unicodedata.category(letter)[0] in "LNM"
