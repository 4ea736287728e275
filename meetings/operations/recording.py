"""Record one line about an item of a live meeting: a decision, an action, a risk, or an item for later."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from catalogue.models import Model
from history import operations as history
from history.models import Recorded, Subject
from kit.actor import Actor
from kit.refusals import Refused
from meetings import events
from meetings.models import AgendaItem, RaisedRisk
from meetings.operations import decision, item
from meetings.queries import effect as effects
from meetings.record_line import LineKind, RecordLine, read
from meetings.states import EffectKind
from people.models import User
from risklog.models import Category, Review, Risk
from risklog.operations import risk as risks
from risklog.queries import evidence
from risklog.states import LIVE_RISKS
from signals.models import BreachGroup

_LONGEST_TITLE = 200
# The likelihood and impact of a risk whose line has none.
_MIDDLE = (3, 3)
PARKED_FOR_ALL = (
    "This item is restricted, and everybody in the meeting would see a parked line."
    " Write it into the notes, or add an item about the restricted object."
)
NO_MODEL = "Riskhub does not know the model and category of this risk. Use the form for a new risk."


@transaction.atomic
def record(item_: AgendaItem, *, kind: str, line: str, by: Actor, at: datetime) -> Recorded | AgendaItem:
    """Record a line. kind: a LineKind. Return the decision, the action, the risk or the parked item.

    A decision without its reason or an action stays incomplete until the meeting ends. With an owner it makes
    an action of the same words. Raises Refused(field="line" or "kind") without having written anything.
    """
    if kind not in LineKind.values:
        raise Refused("Choose Decision, Action, Risk or Park.", field="kind")
    today = at.astimezone(item_.meeting.series.zone).date()
    parts = read(line, kind, today=today)
    owner = _owner(parts.handle)
    if kind in (LineKind.ACTION, LineKind.RISK) or owner:
        _check_length(parts.text)
    try:
        return _RECORDERS[LineKind(kind)](item_, parts, owner, by=by, at=at)
    except Refused as refusal:
        if refusal.field in {"state", "meeting", "control"}:
            raise
        raise Refused(refusal.message, field="line") from None


def _decision(item_: AgendaItem, line: RecordLine, owner: User | None, *, by: Actor, at: datetime) -> Any:
    actions = [{"title": line.text, "owner": owner, "due_on": line.due_on}] if owner else []
    try:
        return decision.record(
            text=line.text,
            reason=line.reason,
            item=item_,
            actions=actions,
            effects=_effects(item_, line, by=by, at=at),
            may_be_incomplete=True,
            by=by,
            at=at,
        )
    except Refused as refusal:
        if (refusal.field or "").startswith("effects"):
            text = f"{refusal.message} Without the “!” the line records the decision alone."
            raise Refused(text, field="line") from None
        raise


def _effects(item_: AgendaItem, line: RecordLine, *, by: Actor, at: datetime) -> list[dict[str, Any]]:
    """Return the effects of a line, each on the one object that it fits. Raises Refused(field="line")."""
    asked = line.effects
    if asked is None:
        return []
    if not isinstance(by.person, User):
        raise Refused("Only a person records effects by a line.", field="line")
    if (asked.is_resolved or asked.is_ended) and not line.reason:
        mark = "!resolve" if asked.is_resolved else "!reopen"
        raise Refused(f"{mark} needs the reason: write “because …” after it.", field="line")
    offers = effects.offers(by.person, item_.about, at=at)
    found: list[dict[str, Any]] = []
    if asked.due_on or asked.handle:
        owner = _owner(asked.handle)
        change = {"due_on": asked.due_on, "owner": owner}
        found.append(_effect(offers, EffectKind.CHANGE_ACTION, change))
    if asked.is_agreed:
        found.append(_effect(offers, EffectKind.AGREE_THRESHOLD, {"number": asked.number}))
    if asked.is_accepted:
        found.append(_effect(offers, EffectKind.ACCEPT_RISK, {"until": asked.until}))
    if asked.treatment:
        found.append(_effect(offers, EffectKind.ADOPT_MITIGATION, {"treatment": asked.treatment}))
    if asked.is_ended:
        found.append(_effect(offers, EffectKind.END_ACCEPTANCE, {}))
    if asked.is_resolved:
        found.append(_effect(offers, EffectKind.RESOLVE_ESCALATION, {}))
    return found


def _effect(offers: Sequence[effects.Offer], kind: EffectKind, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return one effect. Raises Refused if it fits nothing here, or several objects."""
    mark, what = _FITS[kind]
    fitting = [offer for offer in offers if offer.kind == kind]
    if number := values.get("number"):
        fitting = [offer for offer in fitting if offer.obj.number == number] or fitting
    main = [offer for offer in fitting if offer.is_main] or fitting
    if not main:
        raise Refused(f"{mark} needs {what}, and this item has none. Leave it out.", field="line")
    if len(main) > 1:
        names = " or ".join(_name_of(offer) for offer in main)
        raise Refused(f"{mark} may mean {names}. Use the form for decisions below.", field="line")
    (offer,) = main
    values = dict(values)
    if kind == EffectKind.AGREE_THRESHOLD:
        values["number"] = values["number"] or offer.obj.number
    return {"kind": kind, "target": offer.target, **{name: value for name, value in values.items() if value}}


def _name_of(offer: effects.Offer) -> str:
    if offer.kind == EffectKind.AGREE_THRESHOLD:
        return f"version {offer.obj.number} of {offer.obj.threshold.name}"
    return offer.target.reference or offer.target.title


_FITS = {
    EffectKind.CHANGE_ACTION: ("!due or !owner", "an open action"),
    EffectKind.AGREE_THRESHOLD: ("!agree", "a proposed version of a threshold"),
    EffectKind.ACCEPT_RISK: ("!accept", "a risk that somebody proposed to accept"),
    EffectKind.ADOPT_MITIGATION: ("!mitigate, !transfer or !avoid", "a risk that can be treated"),
    EffectKind.END_ACCEPTANCE: ("!reopen", "an accepted risk"),
    EffectKind.RESOLVE_ESCALATION: ("!resolve", "an open escalation"),
}


def _action(item_: AgendaItem, line: RecordLine, owner: User | None, *, by: Actor, at: datetime) -> Any:
    return item.agree(item_, title=line.text, owner=owner, due_on=line.due_on, by=by, at=at)


def _risk(item_: AgendaItem, line: RecordLine, owner: User | None, *, by: Actor, at: datetime) -> Any:
    item.refuse_when_over(item_.meeting)
    origin = origin_of(item_, by.person)
    if origin.model is None or origin.category is None:
        raise Refused(NO_MODEL, field="line")
    details: dict[str, Any] = {"breach_group": origin.group} if origin.group else {}
    likelihood, impact = line.score or _MIDDLE
    risk = risks.add(
        title=line.text,
        category=origin.category,
        model=origin.model,
        likelihood=likelihood,
        impact=impact,
        owner=owner,
        description=f"Raised in {item_.meeting.reference}, when “{item_.title}” was discussed.",
        viewers=item_.about.viewers if item_.about else None,
        by=by,
        at=at,
        **details,
    )
    raised = RaisedRisk(risk=risk, meeting=item_.meeting, item=item_)
    history.record(raised, events.RiskRaised(meeting=item_.meeting.subject_id), by=by, at=at)
    return risk


def _park(item_: AgendaItem, line: RecordLine, owner: User | None, *, by: Actor, at: datetime) -> Any:
    if item_.about is not None and item_.about.viewers is not None:
        raise Refused(PARKED_FOR_ALL, field="line")
    return item.add(item_.meeting, title=line.text[:300], is_parked=True, by=by, at=at)


_RECORDERS: dict[LineKind, Callable[..., Any]] = {
    LineKind.DECISION: _decision,
    LineKind.ACTION: _action,
    LineKind.RISK: _risk,
    LineKind.PARK: _park,
}


@dataclass(frozen=True, slots=True)
class RiskOrigin:
    """What the subject of an item says about a risk that is raised on it; None where it says nothing."""

    model: Model | None = None
    category: Category | None = None
    group: BreachGroup | None = None


def origin_of(item_: AgendaItem, person: User | None) -> RiskOrigin:
    """Return the model and the category of the subject of an item, as far as the person may see the model."""
    subject = item_.about
    found = _READERS[subject.kind](subject) if subject and subject.kind in _READERS else RiskOrigin()
    if found.model and person is not None and not found.model.subject.is_visible_to(person):
        return RiskOrigin(None, found.category)
    return found


def _of_risk(subject: Subject) -> RiskOrigin:
    one = Risk.objects.select_related("model__subject", "category").get(subject=subject)
    return RiskOrigin(one.model, one.category)


def _of_review(subject: Subject) -> RiskOrigin:
    one = Review.objects.select_related("model__subject", "about").get(subject=subject)
    category = evidence.category_of(one.kind) if one.kind else None
    group = BreachGroup.objects.filter(subject=one.about_id).first()
    return RiskOrigin(one.model, category, _without_risk(group))


def _of_breach(subject: Subject) -> RiskOrigin:
    one = BreachGroup.objects.select_related("model__subject").get(subject=subject)
    return RiskOrigin(one.model, evidence.category_of(one.kind), _without_risk(one))


def _without_risk(group: BreachGroup | None) -> BreachGroup | None:
    """Return a breach group that no live risk was made of, so that the new risk can be linked to it."""
    if group is None or Risk.objects.filter(breach_group=group, state__in=LIVE_RISKS).exists():
        return None
    return group


_READERS: dict[str, Callable[[Subject], RiskOrigin]] = {
    Risk.KIND: _of_risk,
    Review.KIND: _of_review,
    BreachGroup.KIND: _of_breach,
}


def _owner(handle: str) -> User | None:
    """Return the person of a handle, or of its first part if only one person has it: @ana for @ana-moreau."""
    if not handle:
        return None
    people = User.objects.active().order_by("handle")
    person = people.filter(handle=handle).first()
    if person is not None:
        return person
    likely = list(people.filter(handle__startswith=f"{handle}-")[:3])
    if len(likely) == 1:
        return likely[0]
    names = " or ".join(f"@{one.handle}" for one in likely)
    fix = f"Write {names}." if likely else "Type @ and choose a name."
    raise Refused(f"Nobody has the handle @{handle}. {fix}", field="line")


def _check_length(text: str) -> None:
    if len(text) > _LONGEST_TITLE:
        raise Refused(f"Use at most {_LONGEST_TITLE} characters; this has {len(text)}.", field="line")
