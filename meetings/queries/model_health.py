"""The health of a model in one sentence, figures with their change, and what happened on a time axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, JSONObject
from django.urls import reverse

from catalogue.models import Deployment, Model
from catalogue.states import DeploymentState
from history.models import Recorded
from incidents.models import Incident, of_model
from incidents.states import ONGOING, IncidentSeverity, IncidentState
from kit import clock
from kit.sight import Visitor
from kit.texts import one_line
from learnings.models import Learning
from learnings.states import LearningState
from meetings.models import Decision
from risklog.models import Experiment, Risk
from risklog.states import LIVE_RISKS
from signals.models import BreachGroup, Series
from signals.states import BreachLevel, BreachState

PERIOD = timedelta(days=30)
AXIS = timedelta(days=90)
MAX_OF_LANE = 15
# A risk of this score or more is named in the sentence: 5 by 3, or 4 by 4.
HIGH_SCORE = 15
PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure, and how it was in the PERIOD before. is_bad: whether more is worse."""

    name: str
    value: int
    before: int
    is_bad: bool = True

    @property
    def change(self) -> int:
        return self.value - self.before

    @property
    def change_text(self) -> str:
        if not self.change:
            return "in 30 days, as many as before"
        return f"in 30 days, {abs(self.change)} {'more' if self.change > 0 else 'fewer'} than before"


@dataclass(frozen=True, slots=True)
class AxisEntry:
    """What happened at a moment or between two. x, width: per cent of the axis."""

    at: datetime
    until: datetime | None
    label: str
    link: str
    tone: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Lane:
    """What happened of one kind, the latest first. icon: of its kind."""

    name: str
    icon: str
    entries: Sequence[AxisEntry]


@dataclass(frozen=True, slots=True)
class HealthFacts:
    """What the sentence is about. deployed: (version, moment, state) of the last one to production.

    incidents: ongoing ones.
    """

    has_series: bool
    critical: int
    warning: int
    high_risks: int
    deployed: tuple[str, datetime, str] | None
    incidents: int = 0


@dataclass(frozen=True, slots=True)
class ModelHealth:
    """level: good, warn, bad or unknown."""

    level: str
    sentence: str
    tiles: Sequence[Tile]
    lanes: Sequence[Lane]


# ------------------------------------------------------------------ the sentence


def level_of(facts: HealthFacts) -> str:
    """Return good, warn or bad; unknown if no data was received and nothing else is wrong."""
    if facts.critical or facts.high_risks or facts.incidents:
        return "bad"
    if facts.warning or (facts.deployed and facts.deployed[2] == DeploymentState.ROLLED_BACK):
        return "warn"
    return "good" if facts.has_series else "unknown"


def sentence_of(facts: HealthFacts) -> str:
    """Return the health in one sentence, which names the worst first."""
    level = level_of(facts)
    if level == "unknown":
        return "No data has been received, so its health is unknown."
    problems = [
        _counted(facts.incidents, "incident", "incidents"),
        _counted(facts.critical, "critical breach", "critical breaches"),
        _counted(facts.high_risks, "high risk", "high risks"),
        _counted(facts.warning, "warning", "warnings"),
    ]
    named = _listed([problem for problem in problems if problem])
    many = facts.incidents + facts.critical + facts.high_risks + facts.warning
    begin = f"{named} {'is' if many == 1 else 'are'} open" if named else "No breach and no high risk is open"
    return f"{begin}{_deployed(facts)}."


def _deployed(facts: HealthFacts) -> str:
    if facts.deployed is None:
        return ""
    version, at, state = facts.deployed
    day = f"{at:%-d %b %Y}"
    if state == DeploymentState.ROLLED_BACK:
        return f", and version {version}, deployed on {day}, was rolled back"
    return f", and version {version} was deployed to production on {day}"


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}" if number else ""


def _listed(parts: Sequence[str]) -> str:
    return ", ".join(parts[:-1]) + f" and {parts[-1]}" if len(parts) > 1 else "".join(parts)


# ------------------------------------------------------------------ the query


def health(user: Visitor, model: Model) -> ModelHealth:
    """Return the health of a model as the reader may see it. One query."""
    at = clock.now()
    row: Any = Model.objects.values(**_columns(user, model, at)).get(pk=model.pk)
    deployed = row["deployed"][0] if row["deployed"] else None
    facts = HealthFacts(
        has_series=row["has_series"],
        critical=row["critical"],
        warning=row["warning"],
        high_risks=row["high_risks"],
        incidents=row["ongoing"],
        deployed=deployed
        and (deployed["version"], datetime.fromisoformat(deployed["at"]), deployed["state"]),
    )
    tiles = [
        Tile("Breaches opened", row["breaches_now"], row["breaches_before"]),
        Tile("Incidents", row["incidents_now"], row["incidents_before"]),
        Tile("Risks opened", row["risks_now"], row["risks_before"]),
        Tile("Deployments", row["deployments_now"], row["deployments_before"], is_bad=False),
        Tile("Decisions", row["decisions_now"], row["decisions_before"], is_bad=False),
    ]
    return ModelHealth(level_of(facts), sentence_of(facts), tiles, _lanes(row, at))


def _columns(user: Visitor, model: Model, at: datetime) -> dict[str, Any]:
    sources = _sources(user, model)
    opened = sources["breaches"][0].filter(state=BreachState.OPEN)
    columns: dict[str, Any] = {
        "has_series": Exists(Series.objects.filter(model=model).visible_to(user)),
        "critical": _number(opened.filter(level=BreachLevel.CRITICAL)),
        "ongoing": _number(sources["incidents"][0].filter(state__in=ONGOING)),
        "warning": _number(opened.filter(level=BreachLevel.WARNING)),
        "high_risks": _number(sources["risks"][0].filter(state__in=LIVE_RISKS, severity__gte=HIGH_SCORE)),
        "deployed": ArraySubquery(
            Deployment.objects.filter(model=OuterRef("pk"), environment=PRODUCTION)
            .visible_to(user)
            .order_by("-deployed_at", "-id")
            .values(row=JSONObject(version="model_version__name", at="deployed_at", state="state"))[:1]
        ),
    }
    for name, (rows, field, values) in sources.items():
        ordered = rows.filter(**{f"{field}__gte": at - AXIS}).order_by(f"-{field}", "-id")
        columns[f"lane_{name}"] = ArraySubquery(
            ordered.values(row=JSONObject(at=field, **values))[:MAX_OF_LANE]
        )
        if name not in ("learnings", "experiments"):
            now = rows.filter(**{f"{field}__gt": at - PERIOD, f"{field}__lte": at})
            before = rows.filter(**{f"{field}__gt": at - 2 * PERIOD, f"{field}__lte": at - PERIOD})
            columns[f"{name}_now"], columns[f"{name}_before"] = _number(now), _number(before)
    return columns


def _sources(user: Visitor, model: Model) -> dict[str, tuple[QuerySet[Any], str, dict[str, Any]]]:
    """Return name -> (rows that the reader may see, the field of their moment, the columns of an entry)."""
    risks = Risk.objects.filter(model=model)
    about = Q(about__root=model.subject_id) | Q(about=model.subject_id) | Q(about__in=risks.values("subject"))
    reference = "subject__reference"
    return {
        "breaches": (
            BreachGroup.objects.filter(model=model).visible_to(user),
            "opened_at",
            {"until": "cleared_at", "label": "title", "key": reference, "tone": "level"},
        ),
        "incidents": (
            Incident.objects.filter(of_model([model.pk]))
            .exclude(state=IncidentState.WITHDRAWN)
            .visible_to(user),
            "declared_at",
            {"until": "resolved_at", "label": "title", "key": reference, "tone": "severity"},
        ),
        "risks": (
            risks.visible_to(user),
            "opened_at",
            {"until": Value(None), "label": "title", "key": reference, "tone": "severity"},
        ),
        "deployments": (
            Deployment.objects.filter(model=model).visible_to(user),
            "deployed_at",
            {"until": Value(None), "label": "model_version__name", "key": "pk", "tone": "state"},
        ),
        "decisions": (
            Decision.objects.filter(about).visible_to(user),
            "decided_at",
            {"until": Value(None), "label": "text", "key": reference, "tone": Value("")},
        ),
        "experiments": (
            Experiment.objects.filter(model=model, started_at__isnull=False).visible_to(user),
            "started_at",
            {"until": "ended_at", "label": "title", "key": reference, "tone": "outcome"},
        ),
        "learnings": (
            Learning.objects.filter(about, state=LearningState.PUBLISHED).visible_to(user),
            "published_at",
            {"until": Value(None), "label": "title", "key": reference, "tone": Value("")},
        ),
    }


def _number(rows: QuerySet[Recorded]) -> Coalesce:
    counted = rows.order_by().annotate(one=Value(1)).values("one").annotate(number=Count("pk"))
    return Coalesce(Subquery(counted.values("number")), 0)


# ------------------------------------------------------------------ the axis

_PAGES = {
    "breaches": ("Breaches", "activity-heartbeat", "signals:breach_detail"),
    "incidents": ("Incidents", "alert-triangle", "incidents:incident_detail"),
    "risks": ("Risks", "flag", "risklog:risk_detail"),
    "deployments": ("Deployments", "rocket", "catalogue:deployment_detail"),
    "decisions": ("Decisions", "gavel", "meetings:decision_detail"),
    "experiments": ("Experiments", "flask", "risklog:experiment_detail"),
    "learnings": ("Learnings", "bulb", "learnings:learning_detail"),
}


def _lanes(row: dict[str, Any], at: datetime) -> list[Lane]:
    return [
        Lane(title, icon, [_entry(name, page, found, at) for found in row[f"lane_{name}"]])
        for name, (title, icon, page) in _PAGES.items()
    ]


def _entry(name: str, page: str, found: dict[str, Any], at: datetime) -> AxisEntry:
    start = datetime.fromisoformat(found["at"])
    until = datetime.fromisoformat(found["until"]) if found["until"] else None
    end = (until or at) if name in ("breaches", "incidents", "experiments") else start
    begin = at - AXIS
    label = one_line(str(found["label"]))[:80]
    return AxisEntry(
        at=start,
        until=until,
        label=f"Version {label}" if name == "deployments" else f"{found['key']} {label}",
        link=reverse(page, args=[found["key"]]),
        tone=_tone(name, found["tone"]),
        x=round((start - begin) / AXIS * 99, 2),
        width=max(1.0, round((end - start) / AXIS * 99, 2)),
    )


def _tone(name: str, value: Any) -> str:
    """Return critical, warning or note."""
    if name == "breaches":
        return "critical" if value == BreachLevel.CRITICAL else "warning"
    if name == "incidents":
        return "critical" if value in (IncidentSeverity.CRITICAL, IncidentSeverity.HIGH) else "warning"
    if name == "risks":
        return "critical" if value >= HIGH_SCORE else "warning"
    return "critical" if value == DeploymentState.ROLLED_BACK else "note"
