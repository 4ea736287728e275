"""Refuses long passwords that are guessed first: common words with an ending, repetitions, sequences."""

import itertools
import re

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

_FEWEST_DIFFERENT = 6
_MOST_NEIGHBOURS = 0.75  # of the pairs of characters in a row
_ROWS = ("qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "yxcvbnm", "zxcvbnm", "1234567890")
_PAIRS = frozenset(
    pair
    for row in _ROWS
    for first, second in itertools.pairwise(row)
    for pair in (first + second, second + first)
)


class PatternValidator(CommonPasswordValidator):
    """The common passwords of Django, also with digits and signs around them, and texts with a pattern."""

    def validate(self, password: str, user: object = None) -> None:
        super().validate(password)
        text = password.casefold()
        if re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text) in self.passwords:
            raise ValidationError("This is a common password with an ending. Use several words.")
        if len(set(text)) < _FEWEST_DIFFERENT:
            raise ValidationError(f"Use at least {_FEWEST_DIFFERENT} different characters.")
        if re.fullmatch(r"(.{1,12}?)\1+", text, flags=re.DOTALL):
            raise ValidationError("This repeats one part. Use several words.")
        pairs = [text[at : at + 2] for at in range(len(text) - 1)]
        if sum(map(_are_neighbours, pairs)) >= _MOST_NEIGHBOURS * len(pairs):
            raise ValidationError("This is a row of neighbouring characters. Use several words.")


def _are_neighbours(pair: str) -> bool:
    """Return True if one follows the other in the alphabet, in counting or on a keyboard, or is the same."""
    return pair in _PAIRS or abs(ord(pair[0]) - ord(pair[1])) <= 1
