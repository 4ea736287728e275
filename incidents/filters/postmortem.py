"""The list specifications of post-incident reviews and of reporting duties."""

from collections.abc import Sequence

from django.db.models import Q

from catalogue.models import Model
from history.models import Subject
from incidents.models import Observer
from incidents.models.postmortem import CAN_FINISH
from incidents.states import IncidentSeverity, PostmortemState, RiskAnswer
from lists import filtering
from lists.specification import Filter, ListSpec, Order, Reader
from people import queries as people


def _observed_by(values: Sequence[int | str], reader: Reader) -> Q:
    ids = [reader.user.pk if value == "me" else value for value in values]
    return Q(pk__in=Observer.objects.active().filter(user__in=ids).values("postmortem"))


def overdue(reader: Reader) -> Q:
    """Return the condition that a review is open and its due date has passed.

    A review that waits for its incident is not overdue.
    """
    return CAN_FINISH & Q(due_on__lt=reader.today)


POSTMORTEMS = ListSpec(
    filters={
        "show": filtering.named(
            "View",
            {
                "open": ("Open", lambda reader: Q(state=PostmortemState.OPEN)),
                "overdue": ("Overdue", overdue),
                "done": ("Done", lambda reader: Q(state=PostmortemState.DONE)),
            },
            "What is open, overdue or done.",
        ),
        "state": filtering.choice("State", "state", PostmortemState),
        "severity": filtering.choice("Severity", "incident__severity", IncidentSeverity),
        "risk_answer": filtering.choice("Risk", "risk_answer", RiskAnswer),
        "model": filtering.slug("Model", "incident__model", Model.objects.visible_to, help="A slug."),
        "incident": filtering.subject(
            "Incident", "incident__subject", Subject.objects.visible_to, "The reference of the incident."
        ),
        "observer": Filter(
            "Observer",
            _observed_by,
            filtering.person_key,
            special_values=(("me", "Me"),),
            options=people.options,
            names=people.names,
            help=f"{filtering.A_PERSON} who observes it, or me.",
            shape=filtering.PERSON,
        ),
    },
    orders={
        "due_on": Order("Due first", ("due_on", "id")),
        "-id": Order("Newest", ("-id",)),
        "id": Order("Oldest", ("id",)),
    },
)

DUTIES = ListSpec(
    filters={
        "is_retired": filtering.flag(
            "Retired", Q(is_retired=True), "true: only retired ones; false: none of them."
        ),
    },
    orders={"id": Order("As they were added", ("id",)), "-id": Order("Newest", ("-id",))},
)
