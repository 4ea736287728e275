"""The learning sessions of the sample: one that was held, and one that people sign up for."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from kit.actor import Actor
from learnings.operations import session as sessions
from learnings.operations import sign_up as sign_ups
from people.models import User

_ZONE = "Europe/Berlin"


def teach(people: Mapping[str, User], *, at: datetime) -> None:
    """Add both sessions. people: by the first part of their address."""
    ana, wei = people["ana"], people["wei"]
    held = sessions.plan(
        title="Reading a drift chart in five minutes",
        text="Which slopes matter, and when to ask somebody.",
        speaker=wei,
        starts_at=at - timedelta(days=5),
        time_zone=_ZONE,
        place="Large meeting room",
        links=["https://wiki.northwind.example/drift-charts"],
        by=Actor(wei, "page"),
        at=at - timedelta(days=12),
    )
    for name in ("priya", "ana", "ken"):
        sign_ups.sign_up(held, by=Actor(people[name], "page"), at=at - timedelta(days=10))
    present = [people["priya"], people["ana"]]
    sign_ups.note_attendance(held, present=present, by=Actor(wei, "page"), at=at - timedelta(days=4))
    ahead = sessions.plan(
        title="Where our labels come from, and how they lie",
        guest="Dr. Hanna Weiss, University of Ghent",
        starts_at=at + timedelta(days=8),
        time_zone=_ZONE,
        place="https://meet.northwind.example/labels",
        seats=2,
        by=Actor(ana, "page"),
        at=at - timedelta(days=2),
    )
    for hours, name in enumerate(("mila", "sofia", "tunde")):
        sign_ups.sign_up(ahead, by=Actor(people[name], "page"), at=at - timedelta(hours=9 - hours))
