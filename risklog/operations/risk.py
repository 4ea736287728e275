"""Creating and changing risks. The steps from state to state are in risk_steps.py and acceptance.py."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from django.db import transaction

from catalogue.models import Model
from catalogue.queries.privacy import demanded_viewers
from history import operations as history
from history.models import Event
from history.operations import GrantReason, NewGrant, Placement, Reach
from kit.actor import Actor
from kit.refusals import IllegalMove, Refused
from people.models import Team, User
from people.queries.restriction import restricted_to
from risklog.events import risk as events
from risklog.likeness import key_of
from risklog.models import Category, Risk
from risklog.models.matrix import present_matrix
from risklog.operations import acceptance
from risklog.operations.acceptance import accept, acceptance_ends, decline, propose, withdraw
from risklog.operations.days import day_of
from risklog.operations.risk_steps import assess, close, monitor, reopen, treat
from risklog.operations.risk_values import (
    check,
    check_change,
    check_residual,
    check_review,
    hand_over_sight,
)
from risklog.queries import duplicate, evidence
from risklog.queries.scores import levels_with, moved_review, score_with
from risklog.scoring import Matrix
from risklog.states import RiskState
from signals.models import BreachGroup, Series
from talk.operations import tag

# The steps are offered here too, so that callers have all operations of a risk in one module.
__all__ = [
    "accept", "acceptance_ends", "add", "add_from_breach", "add_many", "assess", "change", "close", "decline",
    "monitor", "propose", "reconfirm", "reopen", "restrict", "treat", "withdraw",
]  # fmt: skip

# What change() sets, in the order of the edit form. A state is set by its own step. restrict() sets who may
# see the risk.
CHANGEABLE = (
    "title", "cause", "event", "effect", "affected", "description", "category", "model", "feature", "tags",
    "team", "owner", "likelihood", "impact", "residual_likelihood", "residual_impact", "treatment",
    "review_on", "series", "external_id",
)  # fmt: skip


class RiskDetails(TypedDict, total=False):
    """The optional fields of a new risk. Without a team the risk gets the owner team of its model."""

    model: Model | None
    description: str
    cause: str
    event: str
    effect: str
    affected: str
    team: Team | None
    owner: User | None
    breach_group: BreachGroup | None
    series: Series | None
    feature: str
    tags: Sequence[str]
    external_id: str
    review_on: date | None


@transaction.atomic
def add(
    *,
    title: str,
    category: Category,
    likelihood: int,
    impact: int,
    by: Actor,
    at: datetime,
    is_unnamed: bool = False,
    viewers: Sequence[int] | None = None,
    trigger: Event | None = None,
    **details: Unpack[RiskDetails],
) -> Risk:
    """Create a risk.

    likelihood, impact: 1 to 5. details: the fields of RiskDetails.
    is_unnamed: hide the name of the reporter; only history records it. trigger: the event that led to it.
    viewers: ids of the subjects that may see the risk; None for those who may see its breach or model. The
    reporter and the owner always see it and everything below it.
    Raises Refused with the name of the field.
    """
    values = {"title": title, "category": category, "likelihood": likelihood, "impact": impact}
    details["tags"] = tag.admit(details.get("tags", ()))
    if details.get("review_on"):
        check_review(details, today=day_of(at))
    raised_by = None if is_unnamed else by.person
    risk = _new({**values, **details}, raised_by=raised_by, at=at, matrix=present_matrix())
    history.record(
        risk,
        "risklog.risk_opened",
        by=by.unnamed() if is_unnamed else by,
        at=at,
        cause=trigger,
        placed=_placement(risk, viewers, by),
    )
    return risk


@transaction.atomic
def add_many(
    drafts: Sequence[Mapping[str, Any]], *, by: Actor, at: datetime, batch: UUID | None = None
) -> list[Risk]:
    """Create risks that were kept elsewhere before, with a constant number of statements.

    drafts: the fields of each risk. title, category, likelihood and impact are required. A state is kept as
    it is; an accepted risk needs accepted_until, acceptance_reason and treatment, a closed one
    closing_evidence. batch: as of history's record_many(). Raises Refused with the name of the field.
    """
    matrix = present_matrix()
    tags = tag.admit_each([draft.get("tags", ()) for draft in drafts])
    risks = [
        _new({**draft, "tags": admitted}, raised_by=by.person, at=at, matrix=matrix)
        for draft, admitted in zip(drafts, tags, strict=True)
    ]
    placed = [_placement(risk, None, by) for risk in risks]
    history.record_many(risks, "risklog.risk_opened", by=by, at=at, placed=placed, batch=batch)
    acceptance.add_to([risk for risk in risks if risk.state == RiskState.ACCEPTED], by=by, at=at)
    return risks


def _new(values: Mapping[str, Any], *, raised_by: User | None, at: datetime, matrix: Matrix) -> Risk:
    check(values)
    risk = Risk(**{**values, **_cleaned(values)}, raised_by=raised_by, opened_at=at, updated_at=at)
    check_residual(risk, {})
    risk.severity = score_with(risk, {})
    risk.review_on = risk.review_on or matrix.next_review(*risk.cell, at.date())
    return risk


def _cleaned(details: Mapping[str, Any]) -> dict[str, Any]:
    model = details.get("model")
    return {
        "title": details["title"].strip(),
        "description": details.get("description", "").strip(),
        **{name: details.get(name, "").strip() for name in ("cause", "event", "effect", "affected")},
        "team": details.get("team") or (model.owner_team if model else None),
    }


@transaction.atomic
def add_from_breach(
    group: BreachGroup,
    *,
    by: Actor,
    at: datetime,
    category: Category | None = None,
    cause: Event | None = None,
) -> Risk:
    """Create a risk from the evidence of a breach group, or return the live risk that the group has.

    If that risk was closed as a duplicate, it is the risk that it was merged into.

    A live risk that the actor may not see is treated as if it did not exist.
    Raises Refused(field="category") if no category covers signals of this kind.
    """
    locked = BreachGroup.objects.select_for_update(of=("self",)).get(pk=group.pk)
    if existing := duplicate.live_of_group(locked, by.person):
        return existing
    draft = evidence.of_group(group, at=at)
    chosen = category or draft.category
    if chosen is None:
        raise Refused(
            f"No category covers {group.get_kind_display().lower()} signals. Add one first.", field="category"
        )
    return add(
        title=draft.title,
        category=chosen,
        likelihood=draft.likelihood,
        impact=draft.impact,
        by=by,
        at=at,
        model=group.model,
        description=draft.description,
        breach_group=group,
        series=draft.series,
        feature=draft.feature,
        tags=tag.admit_prefilled(draft.tags),
        trigger=cause,
    )


@transaction.atomic
def change(
    risk: Risk,
    values: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    seen: int | None = None,
    cause: Event | None = None,
) -> Risk:
    """Change fields of CHANGEABLE. A change is no review: only reconfirm() counts as one.

    The date of the next review stays, unless the level rises and asks for an earlier one (moved_review).
    Raises Refused with the name of the field, ChangedMeanwhile if `seen` is not the current version.
    """
    if unknown := set(values) - set(CHANGEABLE):
        raise ValueError(f"change() does not set {', '.join(sorted(unknown))}.")
    values = dict(values)
    if "tags" in values:
        values["tags"] = tag.admit(values["tags"], kept=risk.tags)
    changes = {name: value for name, value in values.items() if getattr(risk, name) != value}
    check_change(risk, changes, at=at)
    if not changes:
        return risk
    if "title" in changes:
        changes["title_key"] = key_of(changes["title"])
    former, score, matrix = risk.owner, score_with(risk, changes), present_matrix()
    levels = levels_with(risk, changes, matrix)
    if due_on := moved_review(risk, values, at.date(), matrix):
        changes["review_on"] = due_on
    history.change(
        risk,
        {**changes, "updated_at": at},
        by=by,
        at=at,
        seen=seen,
        payload=events.RiskChanged(level=levels),
        cause=cause,
    )
    risk.severity = score
    if "owner" in changes:
        hand_over_sight(risk, former, by=by, at=at)
    if "title" in changes:
        history.retitle(risk)
    return risk


@transaction.atomic
def reconfirm(risk: Risk, *, evidence: str, by: Actor, at: datetime, seen: int | None = None) -> Risk:
    """Reconfirm with a line of evidence that a risk still applies. The date of the next review moves on.

    Raises Refused without evidence, IllegalMove if the risk is closed.
    """
    if not evidence.strip():
        raise Refused("Enter the evidence that this still applies.", field="evidence")
    if risk.state == RiskState.CLOSED:
        raise IllegalMove("This risk is closed. Reopen it first.", field="state")
    history.change(
        risk,
        {
            "review_on": present_matrix().next_review(*risk.cell, at.date()),
            "confirmations": risk.confirmations + 1,
            "updated_at": at,
        },
        by=by,
        at=at,
        seen=seen,
        payload=events.RiskConfirmed(evidence=evidence.strip()),
    )
    return risk


@transaction.atomic
def restrict(
    risk: Risk, *, teams: Sequence[Team] | None, by: Actor, at: datetime, seen: int | None = None
) -> Risk:
    """Restrict the risk and everything below it to these teams; None shows it to everyone.

    The owner, the reporter and the reviewers still see it. Nothing is recorded if the teams stay the same.
    Raises Refused for an empty list.
    """
    if teams is not None and not teams:
        raise Refused("Choose at least one team, or let everyone see it.", field="teams")
    viewers = None if teams is None else {team.subject_id for team in teams}
    if viewers == restricted_to(risk.subject_id):
        return risk
    history.change(
        risk,
        {"updated_at": at},
        by=by,
        at=at,
        seen=seen,
        payload=events.RiskOpenedToAll()
        if teams is None
        else events.RiskRestricted(teams=[team.subject_id for team in teams]),
    )
    history.restrict(risk.subject, viewers)
    return risk


def _placement(risk: Risk, viewers: Sequence[int] | None, by: Actor) -> Placement:
    """Return the placement of a new risk: a root that starts as restricted as its breach or model is.

    If that is open, the risk is restricted as the personal data of its model demands.
    """
    about = risk.breach_group or risk.model
    if viewers is None:
        viewers = demanded_viewers(risk.model, about.subject if about else None)
    grantees = {
        GrantReason.RAISER: by.subject_id,
        GrantReason.OWNER: risk.owner.subject_id if risk.owner else None,
    }
    return Placement(
        parent=about.subject_id if about else None,
        is_root=True,
        viewers=viewers,
        grants=[NewGrant(person, reason, Reach.ROOT) for reason, person in grantees.items() if person],
    )
