"""The normal form of a title, in which likely duplicates are compared.

Pure. PostgreSQL finds trigrams only in the letters that its character type knows, and the one of the database
("C") knows ASCII. So the key has ASCII letters only, and titles in every script are compared.
"""

import unicodedata

MIN_LETTERS = 4
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_PER_LETTER = 3


def key_of(title: str) -> str:
    """Return the key of a title: words of ASCII letters and digits, in lower case, with one space between.

    An accent is left out: "Ausfälle" has the key of "ausfalle". A letter of another script becomes three
    letters that depend on it alone.
    """
    text = unicodedata.normalize("NFKD", title).casefold()
    return " ".join("".join(_written(letter) for letter in text).split())


def is_long_enough(key: str) -> bool:
    """Return True if a key has enough letters to say which titles are like it."""
    return len(key.replace(" ", "")) >= MIN_LETTERS


def _written(letter: str) -> str:
    if unicodedata.category(letter).startswith("M"):
        return ""
    if not letter.isalnum():
        return " "
    if letter.isascii():
        return letter
    # The factor spreads neighbouring letters, which would otherwise begin with the same two.
    number = ord(letter) * 7919
    digits = []
    for _ in range(_PER_LETTER):
        number, digit = divmod(number, len(_LETTERS))
        digits.append(_LETTERS[digit])
    return "".join(digits)
