"""A planned meeting with proposals that can be settled before it."""

from datetime import date

from kit.actor import SYSTEM, Actor
from meetings.models import AgendaItem, Meeting
from meetings.operations import carry, item, settlement
from meetings.queries import settlement as queries
from people.states import Role
from risklog.operations import acceptance
from risklog.states import RiskState
from signals.operations import threshold as thresholds
from tests.factories import catalogue, people, risks
from tests.factories import meetings as make
from tests.factories import signals as signal

UNTIL = date(2027, 1, 1)


def act(person):
    return Actor(person, "page")


class Before:
    """A planned meeting whose published agenda has a proposed threshold and a proposed acceptance."""

    def __init__(self, at):
        people.organisation()
        self.at = at
        self.team, (self.ana, self.ben) = make.crew()
        self.boss = people.user("Mia", role=Role.RISK_MANAGER)
        self.model = catalogue.model("fraud-score", owner_team=self.team)
        self.meeting = make.planned(make.series(self.team))
        self.version = self.threshold()
        self.risk = self.acceptance()

    def threshold(self, **fields):
        series = signal.series(self.model, **fields)
        version = thresholds.propose(series, warning=0.3, reason="Less noise", by=act(self.ana), at=self.at)
        self.put(version.threshold.subject, why="Waits for agreement")
        return version

    def acceptance(self, by=None, adder=None, **fields):
        risk = risks.risk(model=self.model, team=self.team, state=RiskState.ASSESSING, **fields)
        acceptance.propose(risk, until=UNTIL, reason="Small", by=act(by or self.ana), at=self.at)
        risk.refresh_from_db()
        why = "Acceptance proposed until 1 Jan 2027; next meeting"
        self.put(risk.subject, why=why, by=act(adder) if adder else SYSTEM)
        return risk

    def put(self, subject, why, by=SYSTEM):
        return item.add(self.meeting, title="", about=subject, why=why, by=by, at=self.at)

    def publish(self):
        Meeting.objects.filter(pk=self.meeting.pk).update(published_at=self.at)
        self.meeting.refresh_from_db()
        return self

    def carry(self, obj):
        """Carry the item of an object over, to a meeting whose agenda is then published."""
        self.meeting = carry.carry(self.item(obj), by=SYSTEM, at=self.meeting.ends_at).meeting
        return self.publish()

    def item(self, obj):
        subject = obj.subject if hasattr(obj, "subject") else obj.threshold.subject
        return AgendaItem.objects.select_related("meeting", "about").get(meeting=self.meeting, about=subject)

    def seen_by(self, person):
        return queries.of_meeting(self.meeting, person, at=self.at)

    def settle(self, person, **fields):
        return settlement.settle(self.meeting, by=act(person), at=self.at, **fields)

    def contest(self, obj, person, reason="It triggers too late"):
        return settlement.contest(self.item(obj), reason=reason, by=act(person), at=self.at)
