"""The list specification of experiments: filters, orders and views of the page and the API."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db.models import Exists, OuterRef, Q

from catalogue.models import Model
from history.models import Subject
from kit import references
from lists import filtering
from lists.registry import BuiltInView, NamedList
from lists.specification import Filter, ListSpec, Order, Reader
from people import queries as people
from risklog.models import Experiment, ExperimentOwner
from risklog.states import UNFINISHED_EXPERIMENTS, ExperimentOutcome, ExperimentState


def _text(values: Sequence[str], reader: Reader) -> Q:
    """Match a part of the title, or the reference if the text is one."""
    text = values[0].strip()
    if references.is_reference(text):
        return Q(subject__reference=text.upper())
    return Q(title__icontains=text)


def is_overdue(reader: Reader) -> Q:
    return Q(state=ExperimentState.RUNNING, ends_on__lt=reader.today)


def _owned(values: Sequence[Any], reader: Reader) -> Q:
    """Match the experiments that one of these people owns now: ids, and "me" for the reader."""
    ids = [reader.user.pk if value == "me" else value for value in values]
    owners = ExperimentOwner.objects.filter(user__in=ids, is_current=True)
    return Q(Exists(owners.filter(experiment=OuterRef("pk"))))


_OWNER = replace(
    filtering.person("Owner", "user", help=f"{filtering.A_PERSON}, or me.", names=people.names),
    condition=_owned,
    special_values=(("me", "Me"),),
)

EXPERIMENTS = ListSpec(
    filters={
        "q": Filter("Text", _text, is_many=False, help="A part of the title, or a reference."),
        "state": filtering.choice("State", "state", ExperimentState),
        "outcome": filtering.choice("Outcome", "outcome", ExperimentOutcome),
        "model": filtering.slug("Model", "model", Model.objects.visible_to, help="The slug of a model."),
        "about": filtering.subject("About", "about", Subject.objects.visible_to),
        "owner": _OWNER,
        "due": filtering.named("Due", {"overdue": ("Overdue", is_overdue)}, "overdue: its last day is over."),
    },
    orders={
        "-id": Order("Newest", ("-id",)),
        "id": Order("Oldest", ("id",)),
    },
)

EXPERIMENT_LIST = NamedList(
    name="experiments",
    label="Experiments",
    spec=EXPERIMENTS,
    url_name="risklog:experiment_list",
    permission="risklog.experiment_view",
    rows=lambda selection, reader: Experiment.objects.visible_to(reader.user),
    built_in=(
        BuiltInView("all", "All"),
        BuiltInView("mine", "Mine", f"owner=me&state={','.join(UNFINISHED_EXPERIMENTS)}"),
        BuiltInView("running", "Running", "state=running"),
        BuiltInView("overdue", "Overdue", "due=overdue"),
        BuiltInView("proposed", "Proposed", "state=proposed"),
        BuiltInView("supported", "Supported", "outcome=supported"),
        BuiltInView("cancelled", "Cancelled", "state=cancelled"),
    ),
)
