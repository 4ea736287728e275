"""Find risks that need attention every working day, tell their owners, and raise those that stay neglected.

The checks with `is_told` of risklog/register_checks.py are run. A person is told once a day, of all findings
together. If a finding is left after DAYS_TO_ACT working days, a stale risk is reviewed, and any other risk is
put on the agenda of a suitable meeting. While it is left, people are told again after TOLD_AGAIN.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Exists, OuterRef

from catalogue.operations import findings as model_findings
from history import operations as history
from history.claims import Tally
from history.models import Due
from history.states import Work
from kit.actor import SYSTEM
from lists.specification import Reader
from people import queries as people
from people import working
from people.models import User
from people.states import Role
from risklog import ladder as rules
from risklog.events import risk as events
from risklog.models import Risk
from risklog.operations import review
from risklog.queries import availability
from risklog.register_checks import CHECK_NAMED, TOLD_CHECKS, RegisterCheck
from risklog.states import Severity

DAILY, LEFT = "risklog.stewardship", "risklog.finding_left"
DAYS_TO_ACT = 5
TOLD_AGAIN = timedelta(days=30)
# check -> the worse check: a risk that fails both is told and raised for the worse one only.
_WORSE = {"overdue": "stale"}


def schedule(at: datetime) -> Tally:
    """Plan the next run, or move it if the working time of the organisation changed. Costs two queries.

    It is a search of the tick (riskhub/schedule.py). The tally is empty, because it runs no work itself.
    """
    organisation = people.organisation()
    if organisation is None:
        return Tally()
    slot = next_run(at)
    occurrence = slot.isoformat()
    pending = Due.objects.filter(kind=DAILY, subject=organisation.subject_id, state=Work.PENDING, at__gt=at)
    planned = pending.order_by("at").values_list("at", flat=True).first()
    if planned is None:
        history.put_due(DAILY, organisation.subject_id, occurrence, slot)
    elif planned != slot:
        history.replan_dues([organisation.subject_id], DAILY, to=lambda due: (occurrence, slot))
    return Tally()


def next_run(at: datetime) -> datetime:
    """Return the first moment after `at` at which a working day of the organisation begins."""
    hours = availability.hours()
    day = working.working_day_from(hours.day_of(at), 0, hours)
    begins, _ = hours.span(day)
    if begins > at:
        return begins
    begins, _ = hours.span(working.working_day_from(day, 1, hours))
    return begins


# ------------------------------------------------------------------ find and tell


@transaction.atomic
def find(due: Due, *, at: datetime) -> None:
    """Handle a Due of kind DAILY: tell people what the checks found, once for each risk and check."""
    day = availability.day_of(at)
    model_findings.find(day=day, at=at)
    told: dict[User, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    found = {check.name: _new_findings(check, day, at) for check in TOLD_CHECKS}
    act_until = rules.days_after(at, DAYS_TO_ACT, availability.hours())
    writers = User.objects.active().exclude(role=Role.VIEWER).with_sight().select_related("subject")
    able = {person.pk: person for person in writers.order_by("id")}
    for check in TOLD_CHECKS:
        worse = {risk.pk for risk in found.get(_WORSE.get(check.name, ""), ())}
        for risk in found[check.name]:
            if risk.pk in worse:
                continue
            for person in _responsible(risk, able):
                told[person][check.name].append(risk.subject_id)
    history.put_dues(
        (LEFT, risk.subject_id, f"{name} {day}", act_until) for name, risks in found.items() for risk in risks
    )
    for person, findings in sorted(told.items(), key=lambda pair: pair[0].pk):
        payload = events.FindingsTold(
            told=[person.pk],
            findings=[
                {"check": name, "label": CHECK_NAMED[name].label, "risks": risks}
                for name, risks in findings.items()
            ],
        )
        history.record(person, payload, by=SYSTEM, at=at)


def _new_findings(check: RegisterCheck, day: date, at: datetime) -> list[Risk]:
    """Return the risks that fail a check and were not told about lately, the worst first."""
    lately = Due.objects.filter(
        kind=LEFT,
        subject=OuterRef("subject"),
        occurrence__startswith=f"{check.name} ",
        at__gt=at - TOLD_AGAIN,
    )
    rows = Risk.objects.filter(check.condition(_reader(day, at))).filter(~Exists(lately))
    return list(rows.select_related("subject", "team", "model__owner_team").order_by("-severity", "id"))


def _responsible(risk: Risk, able: Mapping[int, User]) -> list[User]:
    """Return whom to tell about a risk: its owner, or the lead of its team, or else the risk managers.

    able: the people who can write, by id, loaded with_sight(). Only those who may see the risk are told.
    """
    team = risk.team or (risk.model.owner_team if risk.model else None)
    for pk in (risk.owner_id, team.lead_id if team else None):
        person = able.get(pk) if pk else None
        if person and risk.subject.is_visible_to(person):
            return [person]
    managers = (person for person in able.values() if person.role == Role.RISK_MANAGER)
    return [person for person in managers if risk.subject.is_visible_to(person)]


# ------------------------------------------------------------------ what is left


@transaction.atomic
def raise_neglected(due: Due, *, at: datetime) -> None:
    """Handle a Due of kind LEFT: a finding that is left gets a review, or a place on an agenda.

    riskhub/flows.py names who puts it on the agenda.
    """
    name, told_on = due.occurrence.split()
    check, reader = CHECK_NAMED[name], _reader(availability.day_of(at), at)
    rows = Risk.objects.select_for_update(of=("self",)).filter(subject=due.subject_id)
    risk = rows.select_related("subject", "category", "model").filter(check.condition(reader)).first()
    if risk is None:
        return
    if (worse := _WORSE.get(name)) and rows.filter(CHECK_NAMED[worse].condition(reader)).exists():
        return
    label = f"{check.label}, and nothing happened since {date.fromisoformat(told_on):%-d %b %Y}"
    if name == "stale":
        review.open_for(
            about=risk.subject,
            title=f"Review of {risk.reference}: {risk.title}",
            kind=risk.category.kind,
            model=risk.model,
            severity=Severity.WARNING,
            why=f"{label}.",
            by=SYSTEM,
            at=at,
        )
    else:
        payload = events.RiskNeglected(check=name, label=check.label, told_on=told_on)
        history.record(risk, payload, by=SYSTEM, at=at)


def _reader(day: date, at: datetime) -> Reader:
    """Return the reader for the checks with `is_told`, which depend on the day only."""
    return Reader(AnonymousUser(), day, at)
