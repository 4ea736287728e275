"""The list specification of incidents: filters, orders and views of the page and the API."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Coalesce

from catalogue.models import Model
from history.models import Subject
from incidents.models import Incident, of_model
from incidents.states import ONGOING, IncidentSeverity, IncidentState
from kit import references
from kit.sight import Visitor
from lists import filtering
from lists.registry import BuiltInView, NamedList
from lists.specification import Filter, ListSpec, Order, Reader, Selection
from people import queries as people
from people.models import Team
from signals.models import BreachGroup

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
# The columns of an order may not be null. What is not resolved yet comes last.
RESOLVED_ORDER = Coalesce("resolved_at", Value(_LONG_AGO))
STARTED_ORDER = Coalesce("started_at", "declared_at")


def _text(values: Sequence[str], reader: Reader) -> Q:
    """Match a part of the title or of the summary, or the reference if the text is one."""
    text = values[0].strip()
    if references.is_reference(text):
        return Q(subject__reference=text.upper())
    return Q(title__collated__contains=text) | Q(summary__collated__contains=text)


def _involves(values: Sequence[int | str], reader: Reader) -> Q:
    """Match the incidents in which one of these people has a role; "none": those without a lead."""
    ids = [reader.user.pk if value == "me" else value for value in values if value != "none"]
    roles = Q(lead__in=ids) | Q(scribe__in=ids) | Q(communications__in=ids)
    return roles | Q(lead__isnull=True) if "none" in values else roles


def _model_options(user: Visitor) -> list[tuple[str, str]]:
    return list(Model.objects.visible_to(user).order_by("name__collated", "pk").values_list("slug", "name"))


def _of_models(values: Sequence[str], reader: Reader) -> Q:
    """Match the incidents of these models, of those that the reader may see."""
    return of_model(Model.objects.visible_to(reader.user).filter(slug__in=values).values("pk"))


SPEC = ListSpec(
    filters={
        "q": Filter("Text", _text, is_many=False, help="A part of the title or summary, or a reference."),
        "state": filtering.choice("State", "state", IncidentState),
        "severity": filtering.choice("Severity", "severity", IncidentSeverity),
        "model": replace(
            filtering.slug(
                "Model",
                "model",
                Model.objects.visible_to,
                options=_model_options,
                help="The slug of a model.",
            ),
            condition=_of_models,
            takes_argument=False,
        ),
        "team": filtering.slug("Team", "team", Team.objects.visible_to, help="The slug of a team."),
        "role": Filter(
            "Handled by",
            _involves,
            filtering.person_key,
            special_values=(("me", "Me"), ("none", "Without a lead")),
            options=people.options,
            names=people.names,
            help=f"{filtering.A_PERSON} who has a role in it, me, or none for those without a lead.",
            shape=filtering.PERSON,
        ),
        "breach": filtering.subject(
            "Breach",
            "breach_group__subject",
            lambda user: Subject.objects.visible_to(user).filter(kind=BreachGroup.KIND),
            "The reference of the breach it was declared from, such as B-3.",
        ),
        "source": filtering.subject(
            "Source",
            "source",
            Subject.objects.visible_to,
            "The reference of what it was declared from, such as R-12.",
        ),
        "since": Filter(
            "Declared since",
            lambda values, reader: Q(declared_at__date__gte=values[0]),
            filtering.day,
            is_many=False,
            help="A date.",
            shape="date",
        ),
    },
    orders={
        "-id": Order("Newest", ("-id",)),
        "id": Order("Oldest", ("id",)),
        "-started_at": Order("Latest start", ("-started_order", "-id")),
        "started_at": Order("Earliest start", ("started_order", "id")),
        "-resolved_at": Order("Latest resolved", ("-resolved_order", "-id")),
        "title": Order("Title, A to Z", ("title__collated", "title", "id")),
        "-title": Order("Title, Z to A", ("-title__collated", "-title", "-id")),
    },
)


def current_incidents(selection: Selection, reader: Reader) -> QuerySet[Incident]:
    """Return the incidents that the list page filters: no withdrawn ones, unless it asks for a state."""
    rows = Incident.objects.visible_to(reader.user)
    is_reference = references.is_reference(selection.texts.get("q", "").strip())
    if is_reference or "state" in selection.values:
        return rows
    return rows.exclude(state=IncidentState.WITHDRAWN)


INCIDENT_LIST = NamedList(
    name="incidents",
    label="Incidents",
    spec=SPEC,
    url_name="incidents:incident_list",
    permission="incidents.incident_view",
    rows=current_incidents,
    built_in=(
        BuiltInView("all", "All"),
        BuiltInView("ongoing", "Ongoing", f"state={','.join(ONGOING)}"),
        BuiltInView("review", "To be reviewed", "state=resolved"),
        BuiltInView("mine", "Mine", "role=me"),
        BuiltInView("leaderless", "Without a lead", f"role=none&state={','.join(ONGOING)}"),
        BuiltInView("withdrawn", "Withdrawn", "state=withdrawn"),
    ),
)
LISTS = (INCIDENT_LIST,)
