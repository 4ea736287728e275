"""The text in which a person says what the severities of a source mean: one line for each severity."""

from collections.abc import Sequence

from django import forms

from signals.mapping.labels import IGNORED
from signals.states import SeverityRule

SEVERITIES_HELP = (
    "One per line, for example “page: critical” or “notice: ignore”. Leave blank for the default: "
    f"{', '.join(IGNORED)} are ignored and open no breach."
)


def parse_severities(
    text: str, *, rules: Sequence[str] = tuple(SeverityRule.values), noun: str = "severity"
) -> dict[str, str]:
    """Return severity -> one of `rules`. Raises ValidationError that quotes the first line it cannot read.

    noun: what the tool calls it, such as "status".
    """
    severities = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        severity, _, rule = (part.strip().lower() for part in line.rpartition(":"))
        if not severity or rule not in rules:
            raise forms.ValidationError(
                f"“{line[:80]}” is not a {noun}, a colon and one of {', '.join(rules)}."
            )
        severities[severity] = rule
    return severities


def severities_as_text(severities: dict[str, str]) -> str:
    return "\n".join(f"{severity}: {rule}" for severity, rule in severities.items())
