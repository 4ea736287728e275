"""The list specification of runs: filters and orders of the page and the API."""

from dataclasses import replace

from django.db.models import Q

from catalogue.models import Model
from catalogue.states import RunState
from lists import filtering
from lists.specification import ListSpec, Order
from people import queries as people

RUNS = ListSpec(
    filters={
        "q": filtering.part("Name", "name", help="A part of the name."),
        "workflow": filtering.key("Workflow", "workflow_id", help="The number of a workflow."),
        "model": filtering.slug(
            "Model", "workflow__model", Model.objects.visible_to, help="The slug of a model."
        ),
        "state": filtering.choice("State", "state", RunState),
        "run_by": filtering.person("Run by", "run_by", people.options, names=people.names),
        "repeats": filtering.key("Repeats", "repeats_id", help="The number of the run that it repeats."),
        "model_version": filtering.key(
            "Model version", "model_version_id", help="The number of the version that it made."
        ),
        "is_reproduced": filtering.flag(
            "Reproduced",
            Q(is_reproduced=True),
            "true: repetitions with the same results.",
            labels=("Reproduced", "Others"),
        ),
    },
    orders={
        "-started_at": Order("Newest", ("-started_at", "-id")),
        "started_at": Order("Oldest", ("started_at", "id")),
    },
)
# The two runs that are compared side by side.
COMPARISON = ListSpec(
    filters={
        "left": replace(filtering.key("Left", "pk", help="The number of a run."), is_many=False),
        "right": replace(filtering.key("Right", "pk", help="The number of a run."), is_many=False),
        "same": filtering.flag("Show what is the same", Q(), "true: on the page, what is the same, too."),
    },
    orders={"id": Order("Number", ("id",))},
    required=("left", "right"),
    is_paged=False,
)
