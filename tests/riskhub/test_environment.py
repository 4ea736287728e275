"""Settings: a value that does not fit is refused in one line, an empty one counts as missing."""

import pytest

from riskhub.checks import check_environment
from riskhub.environment import Environment


@pytest.fixture
def env() -> Environment:
    return Environment()


@pytest.mark.parametrize(
    ("value", "read", "words"),
    [
        ("ja", lambda env: env.flag("X", default=True), "“ja” is neither on nor off"),
        ("abc", lambda env: env.whole("X", default=5), "“abc” does not fit. Use a whole number from 0 on."),
        ("-1", lambda env: env.whole("X", default=5), "from 0 on"),
        ("0", lambda env: env.whole("X", default=60, least=1), "from 1 on"),
        ("1.5", lambda env: env.whole("X", default=5), "whole number"),
        ("nan", lambda env: env.number("X", default=26), "Use a number from 0 on"),
        ("-1", lambda env: env.number("X", default=26), "Use a number from 0 on"),
        ("mysql://a:hidden@b/c", lambda env: env.database_url("X", ""), "postgresql://"),
        ("nonsense", lambda env: env.broker_url("X", "redis://h"), "redis://host"),
        ("nonsense", lambda env: env.mail_url("X"), "smtp://"),
        ("smtp://", lambda env: env.mail_url("X"), "names no host"),
        ("foo", lambda env: env.site("X", ""), "without a path"),
        ("https://x.example/path", lambda env: env.site("X", ""), "without a path"),
        ("https://x.example?q", lambda env: env.site("X", ""), "without a path"),
        ("no address", lambda env: env.sender("X", ""), "has no address"),
    ],
)
def test_a_value_that_does_not_fit_ends_the_process_with_its_fix(env, monkeypatch, value, read, words):
    monkeypatch.setenv("X", value)

    with pytest.raises(SystemExit) as exit_of:
        read(env)

    message = str(exit_of.value)
    assert message.startswith("X") and words in message and "\n" not in message
    assert "hidden" not in message


def test_an_empty_variable_counts_as_missing(env, monkeypatch):
    """A compose file sets it to "" with ${RISKHUB_API_RATE:-}."""
    monkeypatch.setenv("X", " ")

    assert env.whole("X", default=1_200) == 1_200
    assert env.number("X", default=26) == 26
    assert env.flag("X", default=True) is True
    assert env.words("X") == []
    assert env.site("X", "http://localhost:8000") == "http://localhost:8000"
    assert env.broker_url("X", "redis://h:1/0") == "redis://h:1/0"


@pytest.mark.parametrize(("value", "is_on"), [("1", True), ("True", True), ("off", False), ("0", False)])
def test_a_switch(env, monkeypatch, value, is_on):
    monkeypatch.setenv("X", value)

    assert env.flag("X", default=not is_on) is is_on


def test_a_misspelled_name_is_a_warning_with_the_likely_one(monkeypatch):
    monkeypatch.setenv("RISKHUB_MAILS_PER_HOUR", "3")
    monkeypatch.setenv("RISKHUB_PORT_8000_TCP", "tcp://10.0.0.1:8000")  # Kubernetes sets it
    monkeypatch.setenv("RISKHUB_OIDC_URL", "https://id.example.org")

    (warning,) = check_environment(None)

    assert warning.msg == "No part of Riskhub reads the variable RISKHUB_MAILS_PER_HOUR."
    assert warning.hint == "Did you mean RISKHUB_MAILS_AN_HOUR?"
