"""What a decision may change: the effects that fit its subject, and who holds the right for each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import F, Q, QuerySet

from actions.models import Action
from actions.states import UNFINISHED
from catalogue.models import Model
from catalogue.queries.decision_right import Decider, decider
from catalogue.states import RightKind
from history.models import Subject
from history.queries import may_see, seen_by, show
from kit.rights import may
from kit.sight import Visitor
from meetings.models import Decision, DecisionEffect, Meeting
from meetings.queries.facts import facts_of
from meetings.states import EffectKind
from people import queries as people
from people.models import User
from risklog.models import Acceptance, Escalation, Experiment, Review, Risk
from risklog.queries.concerned import concerned
from risklog.states import RISK_MOVES, UNRESOLVED, AcceptanceState, RiskState, Treatment
from signals.models import Breach, BreachGroup, Series, Threshold, ThresholdVersion
from signals.permissions import decider_on
from signals.states import RIGHT_OF_KIND, Agreement, SignalKind

_MOST_OFFERS = 5  # the effects of one kind that a form offers
_TREATABLE = frozenset(before for before, after in RISK_MOVES if after == RiskState.TREATING)


@dataclass(frozen=True, slots=True)
class Right:
    """Whether a person may apply an effect, and who may, in words."""

    is_held: bool
    holders: str


@dataclass(frozen=True, slots=True)
class Offer:
    """An effect that a decision may have.

    target: what it changes. obj: its row (for a threshold the proposed version, for an acceptance the risk).
    acceptance: the proposal that would be decided. is_main: the decision is about this very object.
    """

    kind: EffectKind
    target: Subject
    obj: Any
    right: Right
    acceptance: Acceptance | None = None
    is_main: bool = False

    @property
    def key(self) -> str:
        """Return the prefix of its fields in a form."""
        return f"effect-{self.kind}-{self.obj.pk}"

    @property
    def label(self) -> str:
        """Return what would happen, as the form says it."""
        obj, reference = self.obj, self.target.reference
        match self.kind:
            case EffectKind.CHANGE_ACTION:
                due = f", due {obj.due_on:%-d %B %Y}" if obj.due_on else ", without a due date"
                return f"Give {reference} another date or owner: {obj.title}{due}"
            case EffectKind.AGREE_THRESHOLD:
                return f"Agree to version {obj.number} of {obj.threshold.name}: {obj.limits}"
            case EffectKind.ACCEPT_RISK if self.acceptance:
                return f"Accept {reference}, as proposed until {self.acceptance.until:%-d %B %Y}"
            case EffectKind.END_ACCEPTANCE:
                return f"End the acceptance of {reference}"
            case EffectKind.ADOPT_MITIGATION:
                return f"Start treating {reference}"
        return f"Resolve {reference}: {obj.title}"


# ------------------------------------------------------------------ who may


def right_to(
    user: User | None,
    kind: str,
    obj: Any,
    *,
    acceptance: Acceptance | None = None,
    known: dict[Any, Decider] | None = None,
) -> Right:
    """Return whether a person may apply an effect, and who may. user: None is Riskhub itself.

    known: the holders of decision rights that were read already, for a list of effects.
    obj: an action, a threshold version, a risk or an escalation. The permission of the object's own room
    counts, and so does the decision right for its model, its team or the organisation; but acceptances are
    decided by risk managers only.
    """
    name, _ = _RIGHTS[EffectKind(kind)]
    asked = acceptance if kind == EffectKind.ACCEPT_RISK else obj
    holder = None if kind in _WITHOUT_DECIDER else _known_decider(obj, {} if known is None else known)
    is_held = user is None or may(user, name, asked) or bool(holder and holder.is_held_by(user))
    return Right(is_held, holders_of(kind, holder))


def holders_of(kind: str, holder: Decider | None = None) -> str:
    """Return in words who may apply an effect. holder: of the decision right, if one counts for this kind."""
    _, holders = _RIGHTS[EffectKind(kind)]
    if holder and holder.name:
        holders = f"{holders}, and {holder.name} ({holder.kind.label[:1].lower()}{holder.kind.label[1:]})"
    return holders


_RIGHTS: dict[EffectKind, tuple[str, str]] = {
    EffectKind.CHANGE_ACTION: ("actions.action_change", "its owner, the owner's teams, risk managers"),
    EffectKind.AGREE_THRESHOLD: ("signals.threshold_agree", "risk managers"),
    EffectKind.ACCEPT_RISK: (
        "risklog.acceptance_decide",
        "risk managers who neither own the risk nor proposed its acceptance",
    ),
    EffectKind.END_ACCEPTANCE: (
        "risklog.risk_change",
        "the owner of the risk, its team, its reporter and risk managers",
    ),
    EffectKind.ADOPT_MITIGATION: (
        "risklog.risk_change",
        "the owner of the risk, its team, its reporter, risk managers",
    ),
    EffectKind.RESOLVE_ESCALATION: (
        "risklog.escalation_change",
        "the people it was escalated to, its team, risk managers",
    ),
}
_WITHOUT_DECIDER = frozenset({EffectKind.ACCEPT_RISK, EffectKind.END_ACCEPTANCE})


def _known_decider(obj: Any, known: dict[Any, Decider]) -> Decider:
    """Return the holder of the decision right for an object, read once for all actions about one subject."""
    key = obj.about_id or f"owner {obj.owner_id}" if isinstance(obj, Action) else obj
    if key not in known:
        known[key] = _decider(obj)
    return known[key]


def _decider(obj: Any) -> Decider:
    """Return who holds the decision right for an object, by its signal kind and its model or team."""
    if isinstance(obj, ThresholdVersion):
        return decider_on(obj.threshold)
    subject = obj.about if isinstance(obj, Escalation) else obj.subject
    parties, kind = concerned(subject), facts_of(subject).kind
    model = None
    if parties.model_id:
        model = Model.objects.select_related("owner_team__lead").filter(pk=parties.model_id).first()
    right = RIGHT_OF_KIND[SignalKind(kind)] if kind else RightKind.MODEL_CHANGE
    return decider(right, model=model, team=parties.team)


# ------------------------------------------------------------------ what fits


def offers(user: User, about: Subject | None, *, at: datetime) -> list[Offer]:
    """Return the effects that a decision about a subject may have, as this reader may see them.

    About a review, an escalation or an experiment, those of its subject too; about a meeting, those of the
    overdue actions of its series. A limited number of each kind.
    """
    if about is None:
        return []
    subjects = [subject for subject in _with_its_subject(about) if subject.is_visible_to(user)]
    found = [
        *_actions(user, subjects, people.local_day(at)),
        *_versions(user, subjects),
        *_risks(user, subjects),
        *_escalations(user, subjects),
    ]
    return [offer for offer in found if offer.target.is_visible_to(user)]


def line_hints(offers: Iterable[Offer]) -> list[str]:
    """Return what the record bar says of the effects that the reader may record in one line."""
    held = [offer for offer in offers if offer.right.is_held]
    hints = []
    for kind, text in _HINTS.items():
        fitting = [offer for offer in held if offer.kind == kind]
        main = [offer for offer in fitting if offer.is_main] or fitting
        if len(main) == 1:
            (offer,) = main
            number = f"version {offer.obj.number}" if kind == EffectKind.AGREE_THRESHOLD else ""
            hints.append(text.format(number or offer.target.reference))
    return hints


_HINTS = {
    EffectKind.CHANGE_ACTION: "Add !due fri or !owner @who to change {}.",
    EffectKind.AGREE_THRESHOLD: "Add !agree to agree to {}.",
    EffectKind.ACCEPT_RISK: "Add !accept to accept {} as proposed.",
    EffectKind.END_ACCEPTANCE: "Add !reopen because … to end the acceptance of {}.",
    EffectKind.ADOPT_MITIGATION: "Add @who !mitigate to start treating {}.",
    EffectKind.RESOLVE_ESCALATION: "Add !resolve because … to resolve {}.",
}


def _with_its_subject(about: Subject) -> list[Subject]:
    """Return a subject, and what it is about if it is a review or an escalation.

    Of an experiment also its metric, whose threshold its result may change.
    """
    if about.kind == Experiment.KIND:
        rows = Experiment.objects.select_related("about", "series__subject")
        experiment = rows.get(subject=about)
        metric = experiment.series.subject if experiment.series else None
        return [subject for subject in (about, experiment.about, metric) if subject]
    kinds: dict[str, type[Review] | type[Escalation]] = {"review": Review, "escalation": Escalation}
    row = kinds.get(about.kind)
    found = row.objects.select_related("about").filter(subject=about).first() if row else None
    return [about, found.about] if found else [about]


def _actions(user: User, subjects: Sequence[Subject], today: date) -> Iterable[Offer]:
    ids = [subject.pk for subject in subjects]
    overdue = Q(due_on__lt=today) & (Q(about__in=ids) | Q(origin__in=_origins(subjects)))
    rows = loaded_actions().visible_to(user).filter(Q(subject__in=ids) | overdue, state__in=UNFINISHED)
    known: dict[Any, Decider] = {}
    for action in rows.order_by("due_on", "id")[:_MOST_OFFERS]:
        right = right_to(user, EffectKind.CHANGE_ACTION, action, known=known)
        is_main = action.subject_id in ids
        yield Offer(EffectKind.CHANGE_ACTION, action.subject, action, right, is_main=is_main)


def _origins(subjects: Sequence[Subject]) -> QuerySet:
    """Return the subjects of the meetings and decisions of the series, if a subject is a meeting."""
    ids = [subject.pk for subject in subjects if subject.kind == Meeting.KIND]
    series = Meeting.objects.filter(subject__in=ids).values("series")
    decided = Decision.objects.filter(meeting__series__in=series).values("subject")
    return Subject.objects.filter(
        Q(pk__in=decided) | Q(pk__in=Meeting.objects.filter(series__in=series).values("subject"))
    ).values("pk")


def _versions(user: User, subjects: Sequence[Subject]) -> Iterable[Offer]:
    ids = [subject.pk for subject in subjects if subject.kind in _WITH_THRESHOLDS]
    if not ids:
        return
    crossed = Breach.objects.filter(group__subject__in=ids).values("threshold")
    fitting = Q(threshold__subject__in=ids) | Q(threshold__series__subject__in=ids) | Q(threshold__in=crossed)
    rows = loaded_versions().visible_to(user).filter(fitting, state=Agreement.PROPOSED)
    for version in rows.order_by("id")[:_MOST_OFFERS]:
        right = right_to(user, EffectKind.AGREE_THRESHOLD, version)
        yield Offer(EffectKind.AGREE_THRESHOLD, version.threshold.subject, version, right)


_WITH_THRESHOLDS = frozenset({Threshold.KIND, Series.KIND, BreachGroup.KIND})


def _risks(user: User, subjects: Sequence[Subject]) -> Iterable[Offer]:
    ids = [subject.object_id for subject in subjects if subject.kind == Risk.KIND]
    for risk in loaded_risks().visible_to(user).filter(pk__in=ids) if ids else ():
        proposal = Acceptance.objects.filter(risk=risk, state=AcceptanceState.PROPOSED).first()
        if proposal:
            proposal.risk = risk
            right = right_to(user, EffectKind.ACCEPT_RISK, risk, acceptance=proposal)
            yield Offer(EffectKind.ACCEPT_RISK, risk.subject, risk, right, proposal)
        if risk.state == RiskState.ACCEPTED:
            right = right_to(user, EffectKind.END_ACCEPTANCE, risk)
            yield Offer(EffectKind.END_ACCEPTANCE, risk.subject, risk, right)
        if risk.state in _TREATABLE:
            right = right_to(user, EffectKind.ADOPT_MITIGATION, risk)
            yield Offer(EffectKind.ADOPT_MITIGATION, risk.subject, risk, right)


def _escalations(user: User, subjects: Sequence[Subject]) -> Iterable[Offer]:
    ids = [subject.pk for subject in subjects]
    rows = loaded_escalations().visible_to(user).filter(Q(subject__in=ids) | Q(about__in=ids))
    for escalation in rows.filter(state__in=UNRESOLVED).order_by("id")[:_MOST_OFFERS]:
        right = right_to(user, EffectKind.RESOLVE_ESCALATION, escalation)
        yield Offer(EffectKind.RESOLVE_ESCALATION, escalation.subject, escalation, right)


def loaded_actions() -> Any:
    """Return actions with what their permission reads."""
    return Action.objects.select_related("subject", "owner__subject").prefetch_related("owner__memberships")


def loaded_versions() -> Any:
    """Return threshold versions with what their permission reads."""
    return ThresholdVersion.objects.select_related(
        "threshold__subject", "threshold__series__model__owner_team__lead"
    )


def loaded_risks() -> Any:
    """Return risks with what their permission reads."""
    return Risk.objects.select_related("subject", "owner__subject", "team", "category", "model")


def loaded_escalations() -> Any:
    """Return escalations with what their permission reads."""
    return Escalation.objects.select_related("subject", "about").prefetch_related("climbs")


# ------------------------------------------------------------------ what was applied


def texts(effect: DecisionEffect) -> list[str]:
    """Return what an effect changed, in a few words each."""
    found = []
    match effect.kind:
        case EffectKind.CHANGE_ACTION:
            found.append(f"due {effect.due_on:%-d %B %Y}" if effect.due_on else "")
            found.append(f"owner {effect.owner.name}" if effect.owner else "")
        case EffectKind.AGREE_THRESHOLD if effect.threshold_version:
            found.append(f"version {effect.threshold_version.number}: {effect.threshold_version.limits}")
        case EffectKind.ACCEPT_RISK if effect.due_on:
            found.append(f"until {effect.due_on:%-d %B %Y}")
        case EffectKind.ADOPT_MITIGATION:
            found.append(Treatment(effect.treatment).label.lower())
    return [text for text in found if text]


def set_shown(user: Visitor, decisions: Sequence[Decision]) -> None:
    """Set `shown_effects` of each decision: its effects, each with `shown_target` and `texts`. One query."""
    rows = DecisionEffect.objects.filter(decision__in=decisions).select_related(
        "target", "owner", "threshold_version"
    )
    found: dict[int, list[DecisionEffect]] = {}
    for effect in show(user, list(rows.order_by("decision", "id")), "target"):
        effect.texts = texts(effect)
        found.setdefault(effect.decision_id, []).append(effect)
    for decision in decisions:
        decision.shown_effects = found.get(decision.pk, [])


def values_of(user: Visitor, decision_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """Return decision id -> its effects as the API shows them. One query."""
    rows: Any = (
        DecisionEffect.objects.filter(decision__in=decision_ids)
        .order_by("decision", "id")
        .values(
            "decision_id",
            "kind",
            "due_on",
            "owner_id",
            "treatment",
            **seen_by("target"),
            target_reference=F("target__reference"),
            target_kind=F("target__kind"),
            target_object=F("target__object_id"),
            number=F("threshold_version__number"),
        )
    )
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row.pop("decision_id"), []).append(row)
        is_seen = may_see(user, row, "target")
        row["target_id"] = row.pop("target_object")
        if not is_seen:
            row.update(dict.fromkeys(set(row) - {"kind"}))
    return found
