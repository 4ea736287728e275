"""Ladders: whom they notify, and within which time limits. An edit publishes a new version."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from history import operations as history
from history.models import Event
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from people import queries as people
from people.models import Function, Team, User
from risklog import ladder as rules
from risklog.events import rules as events
from risklog.models import Category, Ladder, LadderVersion, Rung
from risklog.queries import channels
from risklog.states import Severity, When, Who

LONGEST = 60 * 24 * 90
_SHAPE = {
    "who", "within_minutes", "is_round_the_clock", "function", "person", "people", "right", "severity",
    "when", "is_in_turn", "is_alternative", "by_mail", "webhooks",
}  # fmt: skip


@transaction.atomic
def add(
    *,
    name: str,
    rungs: Sequence[Mapping[str, Any]],
    severity: str = "",
    category: Category | None = None,
    team: Team | None = None,
    by: Actor,
    at: datetime,
) -> Ladder:
    """Create a ladder with its first version.

    rungs: lowest first, each {"who", "within_minutes"} and of _SHAPE what it needs. A row with
    "is_alternative" is a further branch of the rung before it. person: of a sponsor; people: of named people.
    by_mail (by default True), webhooks (ids): by which channels they are told, beside the inbox.
    Raises Refused with the name of the field.
    """
    if not name.strip():
        raise Refused("Enter a name.", field="name")
    ladder = Ladder(name=name.strip(), severity=severity, category=category, team=team)
    history.record(ladder, "risklog.ladder_added", by=by, at=at, rows=_version(ladder, 1, rungs))
    return ladder


@transaction.atomic
def change_rungs(
    ladder: Ladder,
    rungs: Sequence[Mapping[str, Any]],
    *,
    by: Actor,
    at: datetime,
    seen: int | None = None,
    name: str | None = None,
) -> LadderVersion:
    """Publish a new version for escalations that start from now on. Open ones keep their version.

    rungs: as add() takes them. Raises Refused, ChangedMeanwhile.
    """
    if ladder.is_retired:
        raise Refused("This ladder is retired. Create a new one.")
    current = LadderVersion.objects.select_for_update().get(ladder=ladder, is_current=True)
    version, *new_rungs = _version(ladder, current.number + 1, rungs)
    history.change(
        ladder,
        {"name": name.strip()} if name and name.strip() else {},
        by=by,
        at=at,
        seen=seen,
        payload=events.LadderChanged(number=version.number),
        rows=[(current, {"is_current": False}), version, *new_rungs],
        raises_version=True,
    )
    return version


@transaction.atomic
def replace(ladder: Ladder, person: User, to: User, *, by: Actor, at: datetime) -> Ladder:
    """Let the rungs that name a person name their successor, in a new version.

    Escalations that are open keep their version.
    """
    current = LadderVersion.objects.select_for_update().get(ladder=ladder, is_current=True)
    version = LadderVersion(ladder=ladder, number=current.number + 1)
    rungs = list(Rung.objects.filter(ladder_version=current).order_by("position", "branch"))
    history.change(
        ladder,
        {},
        by=by,
        at=at,
        payload=events.LadderChanged(number=version.number),
        rows=[
            (current, {"is_current": False}),
            version,
            *(_with(rung, version, person, to) for rung in rungs),
        ],
        raises_version=True,
    )
    return ladder


def _with(rung: Rung, version: LadderVersion, person: User, to: User) -> Rung:
    """Return the rung of another version, unsaved, with the successor in place of the person."""
    fields = [
        field for field in rung._meta.concrete_fields if field.name not in {"id", "version", "ladder_version"}
    ]
    values = {field.attname: getattr(rung, field.attname) for field in fields}
    named = [to.pk if pk == person.pk else pk for pk in rung.people]
    return Rung(
        **{
            **values,
            "ladder_version": version,
            "people": list(dict.fromkeys(named)),
            "person_id": to.pk if rung.person_id == person.pk else rung.person_id,
        }
    )


@transaction.atomic
def change(
    ladder: Ladder,
    *,
    by: Actor,
    at: datetime,
    seen: int | None = None,
    name: str | None = None,
    rungs: Sequence[Mapping[str, Any]] | None = None,
) -> Ladder:
    """Rename a ladder, and publish a new version if rungs are given. Raises Refused, ChangedMeanwhile."""
    if rungs is not None:
        change_rungs(ladder, rungs, by=by, at=at, seen=seen, name=name)
    elif name is not None:
        if not name.strip():
            raise Refused("Enter a name.", field="name")
        if ladder.is_retired:
            raise Refused("This ladder is retired. Create a new one.")
        history.change(ladder, {"name": name.strip()}, by=by, at=at, seen=seen, verb="risklog.ladder_renamed")
        history.retitle(ladder)
    return ladder


@transaction.atomic
def retire(ladder: Ladder, *, by: Actor, at: datetime, seen: int | None = None) -> Ladder:
    """Retire a ladder. Raises Refused for the last standard ladder, so that every escalation has one."""
    standard = Ladder.objects.filter(is_retired=False, severity="", category=None, team=None)
    if not standard.exclude(pk=ladder.pk).exists():
        raise Refused("This is the last standard ladder. Edit its rungs, or add another one first.")
    history.change(ladder, {"is_retired": True}, by=by, at=at, seen=seen, verb="risklog.ladder_retired")
    history.retire(ladder)
    return ladder


@transaction.atomic
def seed(*, by: Actor, at: datetime) -> list[Ladder]:
    """Create the two first ladders: a standard one, and one round the clock for critical escalations."""
    if Ladder.objects.exists():
        return []
    risk_management = Function.objects.filter(slug="risk-management").first()
    top = {"who": Who.FUNCTION, "function": risk_management} if risk_management else {"who": Who.SPONSOR}
    return [
        add(
            name="Standard",
            rungs=[
                {"who": Who.REVIEWERS, "within_minutes": 4 * 60},
                {"who": Who.TEAM_LEAD, "within_minutes": 8 * 60},
                {**top, "within_minutes": 16 * 60},
            ],
            by=by,
            at=at,
        ),
        add(
            name="Critical, round the clock",
            severity=Severity.CRITICAL,
            rungs=[
                {"who": Who.REVIEWERS, "within_minutes": 60, "is_round_the_clock": True},
                {"who": Who.TEAM_LEAD, "within_minutes": 2 * 60, "is_round_the_clock": True},
                {**top, "within_minutes": 4 * 60, "is_round_the_clock": True},
            ],
            by=by,
            at=at,
        ),
    ]


def version_for(*, severity: str, category_id: int | None, team: Team | None, at: datetime) -> LadderVersion:
    """Return the current version of the ladder for an escalation of this severity, category and team.

    Creates the two first ladders if there is no ladder in use. Raises Refused if all are retired.
    """
    if not Ladder.objects.filter(is_retired=False).exists():
        seed(by=SYSTEM, at=at)
    chosen = rules.most_specific(
        list(Ladder.objects.filter(is_retired=False).order_by("id")),
        severity=severity,
        category_id=category_id,
        team_id=team.pk if team else None,
    )
    if chosen is None:
        raise Refused("All ladders are retired. Create one first.")
    return LadderVersion.objects.get(ladder=chosen.id, is_current=True)


def _version(ladder: Ladder, number: int, rungs: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return the new version and its rungs, unsaved. Raises Refused that names the invalid rung."""
    if not rungs:
        raise Refused("A ladder needs at least one rung.", field="rungs")
    version, shaped = LadderVersion(ladder=ladder, number=number), []
    position, branch = 0, 0
    for given in rungs:
        is_branch = bool(given.get("is_alternative", False))
        if is_branch and not position:
            raise Refused("Rung 1: the first row cannot be an alternative.", field="rungs")
        position, branch = (position, branch + 1) if is_branch else (position + 1, 1)
        shaped.append(_rung(version, position, branch, given))
        _refuse_if_never(shaped[-1], shaped[:-1], ladder)
    _refuse_unknown_webhooks(shaped)
    return [version, *shaped]


def _refuse_unknown_webhooks(rungs: Sequence[Rung]) -> None:
    """Raise Refused for a webhook that ladders may not use. One query if a rung tells webhooks."""
    if not any(rung.webhooks for rung in rungs):
        return
    known = {one.id: one.name for one in channels.offered()}
    for rung in rungs:
        if unknown := set(rung.webhooks) - set(known):
            others = ", ".join(f"{pk} ({name})" for pk, name in list(known.items())[:10])
            raise Refused(
                f"Rung {rung.position}: ladders cannot use a webhook {min(unknown)}."
                + (f" They can use {others}." if others else " An administrator must let them use it first."),
                field="rungs",
            )


def _refuse_if_never(rung: Rung, before: Sequence[Rung], ladder: Ladder) -> None:
    """Raise Refused for a branch that can never be notified.

    That is a branch for warnings on a ladder for critical escalations, whose severity never falls, and a
    branch that repeats an earlier one of its rung: whenever it applies and has people, so does that one.
    """
    if ladder.severity == Severity.CRITICAL and rung.severity == Severity.WARNING:
        text = "this ladder is for critical escalations, so a branch for warnings never applies."
        raise Refused(f"Rung {rung.position}: {text} Remove it.", field="rungs")
    for earlier in before:
        if earlier.position == rung.position and _covers(earlier, rung):
            text = f"branch {rung.branch} never applies, because branch {earlier.branch} notifies the same"
            raise Refused(
                f"Rung {rung.position}: {text} people in the same cases. Remove it or change it.",
                field="rungs",
            )


def _covers(earlier: Rung, rung: Rung) -> bool:
    """Return True if the earlier branch applies and has people whenever the other one does."""
    applies = earlier.severity in {"", rung.severity} and earlier.when in {"", rung.when}
    if not applies or earlier.who != rung.who:
        return False
    if rung.who == Who.PERSON:
        return set(rung.people) <= set(earlier.people)
    return (earlier.function, earlier.right, earlier.person) == (rung.function, rung.right, rung.person)


def _rung(version: LadderVersion, position: int, branch: int, given: Mapping[str, Any]) -> Rung:
    if unknown := set(given) - _SHAPE:
        raise ValueError(f"A rung has no {', '.join(sorted(unknown))}.")
    who, minutes, when = given["who"], given["within_minutes"], given.get("when", "")
    if not 0 < minutes <= LONGEST:
        raise Refused(f"Rung {position}: enter a time limit between one minute and 90 days.", field="rungs")
    return Rung(
        ladder_version=version,
        position=position,
        branch=branch,
        severity=given.get("severity", ""),
        when=when,
        within_minutes=minutes,
        is_round_the_clock=bool(given.get("is_round_the_clock", False)) or when == When.OUTSIDE,
        is_in_turn=bool(given.get("is_in_turn", False)),
        by_mail=bool(given.get("by_mail", True)),
        webhooks=list(dict.fromkeys(given.get("webhooks") or ())),
        who=who,
        **_notified(position, who, given),
    )


def _notified(position: int, who: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that say whom a rung notifies. Raises Refused if what "who" needs is missing."""
    function, right = given.get("function"), given.get("right", "")
    named: list[User] = list(given.get("people") or ([given["person"]] if given.get("person") else []))
    if who == Who.FUNCTION and function is None:
        raise Refused(f"Rung {position}: choose a function.", field="rungs")
    if who == Who.RIGHT and not right:
        raise Refused(f"Rung {position}: choose a decision right.", field="rungs")
    if who == Who.PERSON and not named:
        raise Refused(f"Rung {position}: choose a person.", field="rungs")
    for person in named:
        if why := people.why_no_owner(person):
            raise Refused(f"Rung {position}: {why}", field="rungs")
    return {
        "function": function if who == Who.FUNCTION else None,
        "right": right if who == Who.RIGHT else "",
        "people": [person.pk for person in named] if who == Who.PERSON else [],
        "person": named[0] if who == Who.SPONSOR and named else None,
    }


@handler("risklog.ladder.add_first_ladders")
def on_organisation_set_up(event: Event, *, at: datetime) -> None:
    """Give a new register its two first ladders."""
    seed(by=SYSTEM, at=at)
