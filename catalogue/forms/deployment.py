"""The forms of deployments."""

from typing import Any

from django import forms

from catalogue.models import ChangeRequest, Deployment, Model, Version
from catalogue.operations.deployment import CHANGEABLE, PRODUCTION, DeploymentDetails
from catalogue.states import ChangeState, DeploymentState
from pages.forms import PageForm
from people.models import User

_OUTCOMES = [(state.value, state.label) for state in (DeploymentState.KEPT, DeploymentState.ROLLED_BACK)]


def _lines(label: str, help_text: str = "") -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 2, "class": "textarea"})
    return forms.CharField(label=label, required=False, max_length=2000, widget=widget, help_text=help_text)


class DeploymentForm(PageForm):
    """The fields of a deployment that people may change."""

    change = forms.ModelChoiceField(
        ChangeRequest.objects.none(), label="Change request", required=False, empty_label="None"
    )
    link = forms.URLField(
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text="The page of the build or the pipeline.",
    )

    def __init__(self, *args: Any, model: Model, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = ChangeRequest.objects.visible_to(user).filter(model=model)
        rows = rows.exclude(state__in=(ChangeState.DECLINED, ChangeState.WITHDRAWN))
        fields: dict[str, Any] = self.fields
        fields["change"].queryset = rows.select_related("subject").order_by("-id")
        fields["change"].label_from_instance = lambda change: f"{change.reference} {change.title}"

    @classmethod
    def of(cls, deployment: Deployment, data: Any = None, *, user: User) -> "DeploymentForm":
        """Return the form of an existing deployment."""
        initial = {name: getattr(deployment, name) for name in CHANGEABLE}
        return cls(data, initial=initial, model=deployment.model, user=user)


class NewDeploymentForm(DeploymentForm):
    """A deployment that no build server told of."""

    version = forms.CharField(
        max_length=120, help_text="The name or number of the version. A new name is registered as a version."
    )
    environment = forms.CharField(max_length=60, initial=PRODUCTION)
    deployed_at = forms.DateTimeField(
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Leave blank to use the time at which you save.",
    )
    outcome = forms.ChoiceField(choices=[("", "Open"), *_OUTCOMES], required=False)
    note = _lines("Why", "Needed for a rollback.")
    field_order = ("version", "environment", "deployed_at", "change", "link", "outcome", "note")

    def __init__(self, *args: Any, model: Model, user: User, **kwargs: Any) -> None:
        super().__init__(*args, model=model, user=user, **kwargs)
        newest = Version.objects.visible_to(user).filter(model=model).order_by("-made_at", "-pk").first()
        fields: dict[str, Any] = self.fields
        fields["version"].initial = newest.name if newest else ""
        fields["change"].empty_label = "The one whose window is open"

    def values(self) -> dict[str, Any]:
        given = dict(self.cleaned_data)
        return {"version": given.pop("version"), "details": DeploymentDetails(**given)}


class DeploymentOutcomeForm(PageForm):
    """Whether a deployment was kept."""

    outcome = forms.ChoiceField(choices=_OUTCOMES)
    note = _lines("Why", "Needed for a rollback.")
