"""What people of the sample work out together: scores, filled templates, a risk that was reported twice."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from history.models import Subject
from kit.actor import Actor
from people.models import User
from risklog.models import Category, Risk, Template
from risklog.operations import duplicate, filled_template, risk, scoring
from risklog.queries import risk as risks

# Who scores the first risk: likelihood, impact and reason of each. All have scored, so it is revealed.
_REVEALED = "Nobody has rehearsed the rollback this year"
_SCORES = (
    ("mila", 4, 3, "The script was moved, so the first try fails."),
    ("priya", 2, 3, "We roll back by hand within half an hour."),
    ("sofia", 3, 3, "It has happened once in two years."),
)
# The second risk waits for the scores of the others.
_OPEN, _ASKED = "The January campaign has no group to compare with", ("ana", "ines", "sofia", "admin")
_ANALYSES = (
    (
        "Scores are too low for refinancing customers",
        "wei",
        {
            "feature": "utilisation_90d",
            "measure": "PSI",
            "value_of_the_measure": 0.27,
            "cause": "The population changed",
            "evidence_for_the_cause": "Refinancing applications doubled in the week after the rate change.",
            "does_it_change_the_decisions_of_the_mode": True,
            "what_we_propose": "Refit the buckets on the last 90 days.",
        },
    ),
    (
        "The January campaign has no group to compare with",
        "ana",
        {
            "feature": "visits_30d",
            "measure": "PSI",
            "value_of_the_measure": 0.08,
            "cause": "Unknown",
            "evidence_for_the_cause": "The shift began with the campaign, which has no control group.",
            "does_it_change_the_decisions_of_the_mode": False,
        },
    ),
)
_KNOWN = "Merchant category is missing for a new acquirer"


def work_together(people: Mapping[str, User], *, at: datetime) -> None:
    """Add all of it. people: by the first part of their address. at: shortly before the end of the sample."""
    _score(people, at=at)
    _fill_in(people, at=at)
    _report_twice(people, at=at)


def _by(people: Mapping[str, User], name: str) -> dict[str, Any]:
    return {"by": Actor(people[name], "page")}


def _risk(title: str, reader: User) -> Risk:
    return risks.for_page(reader).get(title=title)


def _score(people: Mapping[str, User], *, at: datetime) -> None:
    """Score one risk to the end, and ask for the scores of another one."""
    manager = people["sofia"]
    one = _risk(_REVEALED, manager)
    users = [people[name] for name, *_ in _SCORES]
    ends_on = at.date() + timedelta(days=5)
    scoring.start(one, users=users, ends_on=ends_on, **_by(people, "sofia"), at=at)
    for name, likelihood, impact, reason in _SCORES:
        by = Actor(people[name], "page")
        scoring.score(one, likelihood=likelihood, impact=impact, reason=reason, by=by, at=at)
    agreed = "The first rollback takes longer, and then the script is fixed."
    scoring.agree(one, likelihood=3, impact=3, reason=agreed, **_by(people, "sofia"), at=at)
    one = _risk(_OPEN, manager)
    users = [people[name] for name in _ASKED]
    scoring.start(one, users=users, ends_on=ends_on, **_by(people, "sofia"), at=at)
    scoring.score(one, likelihood=4, impact=2, reason="It is so now.", **_by(people, "ana"), at=at)


def _fill_in(people: Mapping[str, User], *, at: datetime) -> None:
    template = Template.objects.get(name="Feature-drift analysis")
    for title, author, values in _ANALYSES:
        about: Subject = _risk(title, people[author]).subject
        filled_template.add(
            template=template,
            about=about,
            values=values,
            **_by(people, author),
            at=at,
        )


def _report_twice(people: Mapping[str, User], *, at: datetime) -> None:
    """Report a risk that is in the log already, and close it as a duplicate."""
    known = _risk(_KNOWN, people["ken"])
    again = risk.add(
        title="Merchant category missing for the new acquirer",
        category=Category.objects.get(slug="broken-data"),
        model=known.model,
        team=known.team,
        owner=people["ken"],
        likelihood=3,
        impact=3,
        description="Payments without a merchant category are held more often than before.",
        **_by(people, "ken"),
        at=at,
    )
    reason = "Noor described the same gap in October."
    duplicate.merge(again, into=known, reason=reason, **_by(people, "noor"), at=at)
