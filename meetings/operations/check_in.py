"""Note a check-in, change it, and make an agenda item, an action, a risk or an experiment of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction

from actions.models import Action
from actions.operations import action as actions
from catalogue.models import Model
from history import operations as history
from history.operations import Placement
from kit.actor import Actor
from kit.refusals import Refused
from meetings.models import AgendaItem, CheckIn
from meetings.operations import placement
from meetings.states import SIGNAL_KIND_OF, CheckInKind, Purpose
from people.models import User
from risklog.models import Category, Experiment, Risk
from risklog.operations import experiment_draft
from risklog.operations import risk as risks
from risklog.operations.experiment import ExperimentDetails
from risklog.operations.experiment_draft import ExperimentDraft

CHANGEABLE = frozenset({"text", "kind", "link"})
_is_link = URLValidator(schemes=["http", "https"])
# A guess for a risk that comes from a note. Its page asks to check it.
_LIKELIHOOD, _IMPACT = 3, 3


@transaction.atomic
def note(
    *,
    text: str,
    kind: str = CheckInKind.OTHER,
    model: Model | None = None,
    link: str = "",
    by: Actor,
    at: datetime,
) -> CheckIn:
    """Note a check-in. Who may see the model may see it. Raises Refused(field="text", "kind" or "link")."""
    values = {"text": text.strip(), "kind": kind, "link": link.strip()}
    _check(values)
    author = by.person if isinstance(by.person, User) else None
    check_in = CheckIn(model=model, author=author, noted_at=at, **values)
    placed = Placement(parent=model.subject) if model else Placement()
    history.record(check_in, "meetings.check_in_noted", by=by, at=at, placed=placed)
    return check_in


@transaction.atomic
def change(
    check_in: CheckIn, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> CheckIn:
    """Change text, kind or link. Raises Refused, ChangedMeanwhile."""
    if unknown := set(values) - CHANGEABLE:
        raise ValueError(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    fields = {name: value.strip() for name, value in values.items()}
    _check({"text": check_in.text, "kind": check_in.kind, "link": check_in.link, **fields})
    if history.change(check_in, fields, by=by, at=at, seen=seen, verb="meetings.check_in_changed"):
        history.retitle(check_in)
    return check_in


@transaction.atomic
def place(check_in: CheckIn, *, by: Actor, at: datetime) -> AgendaItem:
    """Put a check-in on the agenda of a suitable meeting. Raises Refused with the reason if none fits."""
    team = check_in.model.owner_team_id if check_in.model else None
    item = placement.place(
        about=check_in.subject,
        kind=SIGNAL_KIND_OF.get(CheckInKind(check_in.kind)),
        team_id=team,
        title=check_in.subject_title,
        why=f"Check-in: {check_in.get_kind_display().lower()}",
        purpose=Purpose.DISCUSS,
        rank=placement.Rank.PEOPLE,
        by=by,
        at=at,
    )
    if item is None:
        why = placement.why_nowhere(check_in.subject)
        raise Refused(why or "No meeting fits. Add it to an agenda by hand.")
    return item


@transaction.atomic
def act_on(check_in: CheckIn, *, by: Actor, at: datetime, owner: User | None = None) -> Action:
    """Create an action from a check-in, or return the one that was. The actor owns it, or `owner`."""
    locked = CheckIn.objects.select_for_update(of=("self",)).get(pk=check_in.pk)
    person = by.person if isinstance(by.person, User) else None
    made = Action.objects.filter(about=locked.subject_id).select_related("subject").order_by("pk")
    if person and (existing := made.visible_to(person).first()):
        return existing
    owner = owner or person
    return actions.add(
        title=check_in.subject_title,
        details=_details(check_in),
        link=check_in.link,
        about=check_in.subject,
        owner=owner,
        by=by,
        at=at,
    )


@transaction.atomic
def make_risk(check_in: CheckIn, *, by: Actor, at: datetime) -> Risk:
    """Create a risk from a check-in, filled in with a guess to check, or return the one that was made of it.

    Raises Refused if no category covers this kind.
    """
    locked = CheckIn.objects.select_for_update(of=("self",)).get(pk=check_in.pk)
    if locked.risk_id:
        return Risk.objects.select_related("subject").get(pk=locked.risk_id)
    kind = SIGNAL_KIND_OF.get(CheckInKind(check_in.kind))
    categories = Category.objects.filter(is_retired=False).order_by("pk")
    category = (categories.filter(kind=kind).first() if kind else None) or categories.first()
    if category is None:
        raise Refused("There is no category of risks. Add one first.")
    risk = risks.add(
        title=check_in.subject_title,
        category=category,
        likelihood=_LIKELIHOOD,
        impact=_IMPACT,
        model=check_in.model,
        description=_details(check_in),
        by=by,
        at=at,
    )
    history.change(check_in, {"risk": risk}, by=by, at=at, verb="meetings.check_in_became_risk")
    return risk


@transaction.atomic
def make_experiment(check_in: CheckIn, *, by: Actor, at: datetime) -> tuple[Experiment, bool]:
    """Propose an experiment from a check-in, or find the unfinished one. Returns whether it is new, too."""
    draft = ExperimentDraft(
        title=f"Test: {check_in.subject_title}"[:200],
        hypothesis=check_in.text,
        details=ExperimentDetails(model=check_in.model),
    )
    return experiment_draft.add_draft(check_in.subject, draft, by=by, at=at)


def _details(check_in: CheckIn) -> str:
    who = f" by {check_in.author.name}" if check_in.author else ""
    lines = [check_in.text, f"Noted{who} on {check_in.noted_at:%-d %b %Y}.", check_in.link]
    return "\n\n".join(line for line in lines if line)


def _check(values: Mapping[str, Any]) -> None:
    if not 1 <= len(values["text"]) <= 2000:
        raise Refused("Write 1 to 2,000 characters.", field="text")
    if values["kind"] not in CheckInKind.values:
        raise Refused(f"Use one of {', '.join(CheckInKind.values)}.", field="kind")
    if values["link"]:
        try:
            _is_link(values["link"])
        except ValidationError:
            raise Refused("Enter an address that begins with https:// or http://.", field="link") from None
