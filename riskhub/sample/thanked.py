"""What people of the sample thank each other for."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from kit.actor import Actor
from learnings.operations import recognition
from learnings.operations.recognition import Figures
from people.models import User
from risklog.queries import risk as risks

_MEASURED = "Merchant category is missing for a new acquirer"
_FOUND = "The January campaign has no group to compare with"


def thank_each_other(people: Mapping[str, User], *, at: datetime) -> None:
    """Add two recognitions. people: by the first part of their address."""
    manager = people["sofia"]
    measured = risks.for_page(manager).select_related("series", "team").get(title=_MEASURED)
    recognition.give(
        title="The merchant category was back nine days after the breach",
        text="The acquirer's codes were mapped on the day they were asked for.",
        kind="quicker_response",
        about=measured.subject,
        people=[people["wei"], people["priya"]],
        figures=Figures(series=measured.series, changed_on=at.date() - timedelta(days=17), days=9),
        by=Actor(manager, "page"),
        at=at,
    )
    found = risks.for_page(manager).get(title=_FOUND)
    recognition.give(
        title="The missing control group was seen before the campaign began",
        text="Reading the plan of the campaign was enough: nobody had to wait for a breach.",
        kind="found_early",
        about=found.subject,
        people=[people["ana"]],
        team=found.team,
        figures=Figures(
            name="Days before the first score",
            unit="days",
            before=0.0,
            after=12.0,
            source="The plan of the campaign",
        ),
        by=Actor(people["ken"], "page"),
        at=at,
    )
