"""Queries of post-incident reviews: the rows of lists, their observers, their actions, and hints."""

from collections.abc import Sequence

from django.db.models import Prefetch, Q, QuerySet

from actions.models import Action
from actions.states import ActionState
from history.models import RecordedQuerySet
from incidents.blameless import hints
from incidents.models import Incident, Observer, Postmortem
from incidents.states import MIN_WHYS
from kit.sight import Visitor
from people.models import User
from risklog.models import Risk
from risklog.states import RiskState


def postmortems() -> RecordedQuerySet[Postmortem]:
    """Return all post-incident reviews with what a row and a permission need."""
    return Postmortem.objects.select_related(
        "subject",
        "incident__subject",
        "incident__model__subject",
        "incident__team",
        "incident__lead__subject",
        "risk__subject",
        "finished_by__subject",
    )


def for_pages(user: Visitor) -> QuerySet[Postmortem]:
    """Return the reviews that the user may see, with their observers."""
    observers = Observer.objects.active().select_related("user__subject", "function").order_by("id")
    return postmortems().visible_to(user).prefetch_related(Prefetch("observers", observers))


def of_incident(user: Visitor, incident: Incident) -> Postmortem | None:
    """Return the review of an incident that is loaded with it; None if the user may see none. No query."""
    postmortem: Postmortem | None = getattr(incident, "postmortem", None)
    return postmortem if postmortem and postmortem.subject.is_visible_to(user) else None


def show_risks(user: Visitor, rows: Sequence[Postmortem]) -> Sequence[Postmortem]:
    """Set shown_risk of each row: None where the reader may not see it."""
    for row in rows:
        is_shown = row.risk is not None and row.risk.subject.is_visible_to(user)
        row.shown_risk = row.risk if is_shown else None
    return rows


def improvements(postmortem: Postmortem) -> RecordedQuerySet[Action]:
    """Return the actions that the review created, without dropped ones."""
    rows = Action.objects.filter(about=postmortem.subject_id).exclude(state=ActionState.DROPPED)
    return rows.select_related("subject", "owner__subject").order_by("id")


def improvements_that_count(postmortem: Postmortem) -> RecordedQuerySet[Action]:
    """Return the improvements of which a review has at most MAX_ACTIONS: those since it was last opened."""
    return improvements(postmortem).filter(made_at__gte=postmortem.opened_at)


def missing(postmortem: Postmortem) -> dict[str, str]:
    """Return field -> what the review still needs before it can be finished. No query."""
    found = {}
    if not postmortem.factors:
        found["factors"] = "Enter the conditions that contributed."
    if len(postmortem.whys) < MIN_WHYS:
        found["whys"] = f"Ask why at least {MIN_WHYS} times, until the root and not the symptom is named."
    if not postmortem.lessons:
        found["lessons"] = "Enter what was learned."
    if not postmortem.risk_answer:
        found["risk_answer"] = "Answer which risk should have caught it."
    return found


def hints_of(postmortem: Postmortem) -> list[str]:
    """Return hints where the texts name people or blame, of those who handled the incident. One query."""
    incident = postmortem.incident
    ids = (incident.lead_id, incident.scribe_id, incident.communications_id, incident.declared_by_id)
    names = User.objects.filter(pk__in=[pk for pk in ids if pk]).values_list("name", flat=True)
    text = "\n".join([postmortem.factors, *postmortem.whys, postmortem.lessons])
    return hints(text, names)


def candidates(user: Visitor, postmortem: Postmortem) -> list[Risk]:
    """Return up to five risks that could have caught the incident: of its breach or model, worst first."""
    incident = postmortem.incident
    rows = Risk.objects.visible_to(user).exclude(state=RiskState.CLOSED)
    condition = Q(model=incident.model_id) if incident.model_id else Q(pk__in=[])
    if incident.breach_group_id:
        condition |= Q(breach_group=incident.breach_group_id)
    if incident.source_id:
        condition |= Q(subject=incident.source_id)
    return list(rows.filter(condition).select_related("subject").order_by("-severity", "-id")[:5])
