"""What happens to a risk: raised, scored, treated, watched, accepted, closed, and looked at again."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from catalogue.models import Model
from history import operations as history
from history.models import Event, Subject
from history.operations import GrantReason, NewGrant, Reach, Scope
from kit.actor import Actor
from kit.refusals import IllegalMove, Refused
from people.models import Team, User
from risklog import events, scoring
from risklog.models import Category, Risk
from risklog.operations.acceptance import accept, acceptance_ends
from risklog.queries import evidence
from risklog.states import RiskState, Treatment
from signals.models import BreachGroup, Series

__all__ = [
    "accept", "acceptance_ends", "add", "add_from_breach", "assess", "change", "close", "monitor", "reopen",
    "restrict", "still_so", "tidy", "treat",
]  # fmt: skip

# What change() takes; a state is set by its own step, who may see it by restrict().
FIELDS = (
    "title", "description", "affected", "category", "model", "feature", "tags", "team", "owner", "likelihood",
    "impact", "residual_likelihood", "residual_impact", "treatment", "review_on", "series",
)  # fmt: skip


@transaction.atomic
def add(
    *,
    title: str,
    category: Category,
    likelihood: int,
    impact: int,
    by: Actor,
    at: datetime,
    model: Model | None = None,
    description: str = "",
    affected: str = "",
    team: Team | None = None,
    owner: User | None = None,
    breach_group: BreachGroup | None = None,
    series: Series | None = None,
    feature: str = "",
    tags: Sequence[str] = (),
    is_unnamed: bool = False,
    viewers: Sequence[int] | None = None,
    cause: Event | None = None,
) -> Risk:
    """Raise a risk. The team is that of the model where none is given.

    is_unnamed: the raiser's name is kept from everyone but history. viewers: subject ids of who may see it;
    None as the breach or model that it is about. Its raiser and its owner see it, and all that hangs on it,
    in any case. Raises Refused.
    """
    _check({"title": title, "category": category, "likelihood": likelihood, "impact": impact})
    risk = Risk(
        title=title.strip(),
        description=description.strip(),
        affected=affected.strip(),
        category=category,
        model=model,
        feature=feature,
        tags=tidy(tags),
        team=team or (model.owner_team if model else None),
        owner=owner,
        raised_by=None if is_unnamed else by.person,
        likelihood=likelihood,
        impact=impact,
        breach_group=breach_group,
        series=series,
        review_on=scoring.next_look(scoring.score(likelihood, impact), at.date()),
        opened_at=at,
        updated_at=at,
    )
    history.record(
        risk,
        "risklog.risk_opened",
        by=by.unnamed() if is_unnamed else by,
        at=at,
        cause=cause,
        placed=_placed(risk, viewers, by),
    )
    return risk


@transaction.atomic
def add_from_breach(
    group: BreachGroup,
    *,
    by: Actor,
    at: datetime,
    category: Category | None = None,
    cause: Event | None = None,
) -> Risk:
    """Make a breach group a risk, filled in from its evidence. The live risk it has already, if there is one
    that the person may see: a hidden one is answered as if it were not there.

    Raises Refused(field="category") when no category takes signals of this kind.
    """
    locked = BreachGroup.objects.select_for_update(of=("self",)).get(pk=group.pk)
    earlier = Risk.objects.filter(breach_group=locked).exclude(state=RiskState.CLOSED)
    if by.person is not None:
        earlier = earlier.visible_to(by.person)
    if known := earlier.select_related("subject").order_by("id").first():
        return known
    found = evidence.of_group(group)
    chosen = category or found.category
    if chosen is None:
        raise Refused(
            f"No category covers {group.get_kind_display().lower()} signals. Add one first.", field="category"
        )
    return add(
        title=found.title,
        category=chosen,
        likelihood=found.likelihood,
        impact=found.impact,
        by=by,
        at=at,
        model=group.model,
        description=found.description,
        breach_group=group,
        series=found.series,
        feature=found.feature,
        tags=found.tags,
        cause=cause,
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
    """Set fields out of FIELDS. It counts as a look: the day of the next one moves on.

    Raises Refused with the field at fault, ChangedMeanwhile when somebody was quicker.
    """
    if strange := set(values) - set(FIELDS):
        raise ValueError(f"change() does not set {', '.join(sorted(strange))}.")
    values = dict(values)
    if "tags" in values:
        values["tags"] = tidy(values["tags"])
    _check(values)
    differing = {name: value for name, value in values.items() if getattr(risk, name) != value}
    _check_residual(risk, differing)
    if not differing:
        return risk
    before, former = risk.severity, risk.owner
    after = _severity(risk, differing)
    level = [scoring.level(before), scoring.level(after)] if _level_moves(before, after) else None
    differing.setdefault("review_on", scoring.next_look(after, at.date()))
    history.change(
        risk,
        {**differing, "updated_at": at, "looks": risk.looks + 1},
        by=by,
        at=at,
        seen=seen,
        payload=events.RiskChanged(level=level),
        cause=cause,
    )
    risk.severity = after
    if "owner" in differing:
        _hand_over_sight(risk, former, by=by, at=at)
    if "title" in differing:
        history.retitle(risk)
    return risk


@transaction.atomic
def still_so(risk: Risk, *, evidence: str, by: Actor, at: datetime, seen: int | None = None) -> Risk:
    """A look that changes nothing, with a line of evidence: counted, and the next look moves on."""
    if not evidence.strip():
        raise Refused("Enter the evidence that this still applies.", field="evidence")
    if risk.state == RiskState.CLOSED:
        raise IllegalMove("This risk is closed. Reopen it first.", field="state")
    history.change(
        risk,
        {
            "review_on": scoring.next_look(risk.severity, at.date()),
            "looks": risk.looks + 1,
            "updated_at": at,
        },
        by=by,
        at=at,
        seen=seen,
        payload=events.RiskConfirmed(evidence=evidence.strip()),
    )
    return risk


@transaction.atomic
def assess(
    risk: Risk,
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    seen: int | None = None,
    cause: Event | None = None,
) -> Risk:
    """Look into it: from open, or back from treating or monitoring."""
    if risk.state in (RiskState.CLOSED, RiskState.ACCEPTED):
        raise IllegalMove("This risk is closed. Reopen it first.", field="state")
    return _step(risk, RiskState.ASSESSING, {}, reason, by=by, at=at, seen=seen, cause=cause)


@transaction.atomic
def treat(
    risk: Risk,
    *,
    treatment: str,
    by: Actor,
    at: datetime,
    owner: User | None = None,
    reason: str = "",
    seen: int | None = None,
    cause: Event | None = None,
) -> Risk:
    """Begin what is to be done: mitigate, transfer, avoid, or propose to accept. Somebody has to own it."""
    if treatment not in Treatment.values:
        raise Refused(f"Use one of {', '.join(Treatment.values)}.", field="treatment")
    if owner is None and risk.owner_id is None:
        raise Refused("Choose an owner who is responsible for the treatment.", field="owner")
    values: dict[str, Any] = {"treatment": treatment, **({"owner": owner} if owner else {})}
    former = risk.owner
    _step(risk, RiskState.TREATING, values, reason, by=by, at=at, seen=seen, cause=cause)
    if owner and owner != former:
        _hand_over_sight(risk, former, by=by, at=at)
    return risk


@transaction.atomic
def monitor(
    risk: Risk,
    *,
    by: Actor,
    at: datetime,
    residual_likelihood: int | None = None,
    residual_impact: int | None = None,
    reason: str = "",
    seen: int | None = None,
    cause: Event | None = None,
) -> Risk:
    """Treated, or nothing to treat: watch it. After treatment it asks what remains."""
    values = {
        name: value
        for name, value in (
            ("residual_likelihood", residual_likelihood),
            ("residual_impact", residual_impact),
        )
        if value is not None
    }
    _check(values)
    _check_residual(risk, values)
    is_judged = values or risk.residual_likelihood is not None
    if risk.state == RiskState.TREATING and not is_judged:
        raise Refused("Enter the residual likelihood and impact.", field="residual_likelihood")
    after = _severity(risk, values)
    _step(risk, RiskState.MONITORING, values, reason, by=by, at=at, seen=seen, cause=cause)
    risk.severity = after
    return risk


@transaction.atomic
def close(
    risk: Risk, *, evidence: str, by: Actor, at: datetime, seen: int | None = None, cause: Event | None = None
) -> Risk:
    """Close it, with the evidence that it holds."""
    if not evidence.strip():
        raise Refused("Enter the evidence that it is resolved: a value, a test or a link.", field="evidence")
    values = {"closing_evidence": evidence.strip(), "review_on": None}
    return _step(risk, RiskState.CLOSED, values, "", by=by, at=at, seen=seen, cause=cause)


@transaction.atomic
def reopen(
    risk: Risk, *, reason: str, by: Actor, at: datetime, seen: int | None = None, cause: Event | None = None
) -> Risk:
    """Take a closed risk up again, or end an acceptance before its day."""
    if risk.state not in (RiskState.CLOSED, RiskState.ACCEPTED):
        raise IllegalMove("This risk is already open.", field="state")
    if not reason.strip():
        raise Refused("Enter the reason for reopening.", field="reason")
    values = {
        "closing_evidence": "",
        "accepted_until": None,
        "acceptance_reason": "",
        "review_on": _look(risk, at),
    }
    return _step(risk, RiskState.ASSESSING, values, reason, by=by, at=at, seen=seen, cause=cause)


@transaction.atomic
def restrict(
    risk: Risk, *, teams: Sequence[Team] | None, by: Actor, at: datetime, seen: int | None = None
) -> Risk:
    """Let only these teams see it, and all that hangs on it; None opens it to everyone.

    Its owner, its raiser and whoever was asked keep what they see. Nothing happens when it is so already.
    """
    if teams is not None and not teams:
        raise Refused("Choose at least one team, or let everyone see it.", field="teams")
    wanted = None if teams is None else {team.subject_id for team in teams}
    if wanted == _teams_of(risk):
        return risk
    history.change(
        risk,
        {"updated_at": at},
        by=by,
        at=at,
        seen=seen,
        payload=(events.RiskRestricted if teams is not None else events.RiskOpenedToAll)(
            teams=[team.subject_id for team in teams or ()]
        ),
    )
    history.restrict(risk.subject, wanted)
    return risk


def tidy(tags: Sequence[str]) -> list[str]:
    """Tags in lower case, each once, in the order given."""
    found = dict.fromkeys(" ".join(str(tag).lower().split())[:60] for tag in tags)
    return [tag for tag in found if tag][:20]


# ------------------------------------------------------------------ how it is done


def _placed(risk: Risk, viewers: Sequence[int] | None, by: Actor) -> Scope:
    """A root of its own, which begins as restricted as the breach or model that it is about."""
    about = risk.breach_group or risk.model
    keepers = {
        GrantReason.RAISER: by.subject_id,
        GrantReason.OWNER: risk.owner.subject_id if risk.owner else None,
    }
    return Scope(
        parent=about.subject_id if about else None,
        is_root=True,
        viewers=viewers,
        grants=[NewGrant(person, reason, Reach.ROOT) for reason, person in keepers.items() if person],
    )


def _hand_over_sight(risk: Risk, former: User | None, *, by: Actor, at: datetime) -> None:
    history.hand_over_root(risk.subject, from_=former, to=risk.owner, reason=GrantReason.OWNER, by=by, at=at)


def _teams_of(risk: Risk) -> set[int] | None:
    """The subjects of the teams it is restricted to, as the database has it; None for an open one."""
    viewers = Subject.objects.values_list("viewers", flat=True).get(pk=risk.subject_id)
    if viewers is None:
        return None
    return set(Subject.objects.filter(pk__in=viewers, kind=Team.KIND).values_list("pk", flat=True))


# Verb of a step -> its payload, which has the reason.
_STEPS = {
    step.verb: step
    for step in (
        events.RiskAssessing,
        events.RiskTreating,
        events.RiskMonitoring,
        events.RiskClosed,
        events.RiskReopened,
        events.RiskAcceptanceEnded,
    )
}


def _step(
    risk: Risk,
    to: RiskState,
    values: Mapping[str, Any],
    reason: str,
    *,
    by: Actor,
    at: datetime,
    seen: int | None,
    cause: Event | None,
) -> Risk:
    verb = risk.MOVES.get((RiskState(risk.state), to))
    payload = _STEPS[verb](reason=reason.strip() or None) if verb else None  # without one, move() refuses
    history.move(
        risk, to, by=by, at=at, seen=seen, values={**values, "updated_at": at}, payload=payload, cause=cause
    )
    return risk


def _check(values: Mapping[str, Any]) -> None:
    """Refused with the field at fault."""
    if "title" in values and not str(values["title"]).strip():
        raise Refused("Enter a title: what may go wrong, in a few words.", field="title")
    if len(str(values.get("title", ""))) > 200:
        raise Refused("Shorten the title to 200 characters. Use the description for details.", field="title")
    category = values.get("category")
    if category is not None and category.is_retired:
        raise Refused(f"“{category.name}” is retired. Choose another category.", field="category")
    for name in ("likelihood", "impact", "residual_likelihood", "residual_impact"):
        value = values.get(name)
        if name in values and (value is not None or "residual" not in name) and value not in (1, 2, 3, 4, 5):
            raise Refused("Use a number from 1 to 5.", field=name)
    if values.get("treatment") and values["treatment"] not in Treatment.values:
        raise Refused(f"Use one of {', '.join(Treatment.values)}.", field="treatment")


def _check_residual(risk: Risk, values: Mapping[str, Any]) -> None:
    """What remains is two figures or none, and never more than there was."""
    likelihood, impact = (
        values.get(name, getattr(risk, name)) for name in ("residual_likelihood", "residual_impact")
    )
    if (likelihood is None) != (impact is None):
        missing = "residual_likelihood" if likelihood is None else "residual_impact"
        raise Refused("Enter both residual likelihood and residual impact, or neither.", field=missing)


def _severity(risk: Risk, values: Mapping[str, Any]) -> int:
    """The score that counts once `values` are set; the database computes the same."""
    now = {
        name: values.get(name, getattr(risk, name))
        for name in ("likelihood", "impact", "residual_likelihood", "residual_impact")
    }
    if now["residual_likelihood"] is not None and now["residual_impact"] is not None:
        return scoring.score(now["residual_likelihood"], now["residual_impact"])
    return scoring.score(now["likelihood"], now["impact"])


def _level_moves(before: int, after: int) -> bool:
    return scoring.level(before) != scoring.level(after)


def _look(risk: Risk, at: datetime) -> date:
    return scoring.next_look(risk.severity, at.date())
