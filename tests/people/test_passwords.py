"""Which passwords are refused."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from people.models import User

ANA = User(name="Ana Owner", email="ana@example.org")


@pytest.mark.parametrize(
    "password",
    [
        "aaaaaaaaaaaa",
        " " * 12,
        "abcabcabcabc",
        "letmeinletmein",
        "abcdefghijkl",
        "lkjihgfedcba",
        "asdfghjklasdf",
        "1qwertzuiop0",
        "Password123!",
        "2026password",
        "ababababababc",
    ],
)
def test_a_long_password_with_a_pattern_is_refused(password):
    with pytest.raises(ValidationError):
        validate_password(password, ANA)


@pytest.mark.parametrize(
    "password",
    ["quartz-raven-maple-42", "correct horse", "Команда риска", "3f9a7c21d08be654", "zwölf Boxkämpfer"],
)
def test_several_words_and_random_texts_are_accepted(password):
    assert validate_password(password, ANA) is None
