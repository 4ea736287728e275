"""The list specification of deployments: filters and orders of the page and the API."""

from collections.abc import Sequence

from django.db.models import Q

from catalogue.models import Model
from catalogue.states import ChangeState, DeploymentState
from lists import filtering
from lists.specification import Filter, ListSpec, Order, Reader


def _text(values: Sequence[str], reader: Reader) -> Q:
    """Match the name of the version, or a part of the name of the model."""
    return Q(model_version__name__iexact=values[0].strip()) | Q(model__name__icontains=values[0].strip())


DEPLOYMENTS = ListSpec(
    filters={
        "q": Filter("Text", _text, is_many=False, help="The name of the version, or a part of the model's."),
        "model": filtering.slug("Model", "model", Model.objects.visible_to, help="The slug of a model."),
        "environment": filtering.exact("Environment", "environment", str.lower, help="Such as production."),
        "state": filtering.choice("Outcome", "state", DeploymentState),
        "is_signed_off": filtering.flag(
            "Sign-off",
            Q(change__state=ChangeState.SIGNED),
            help="Whether its change request is signed off.",
            labels=("Signed off", "Without sign-off"),
        ),
        "external_id": filtering.exact("External ID", "external_id", help="Its key in another tool."),
    },
    orders={
        "-deployed_at": Order("Newest", ("-deployed_at", "-id")),
        "deployed_at": Order("Oldest", ("deployed_at", "id")),
        "id": Order("Recorded first", ("id",)),
    },
)
