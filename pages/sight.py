"""The page that says who may see an object, the same for every kind that can be restricted to teams.

Also the form that asks before somebody sees a restricted object because they become an owner.
"""

from collections.abc import Callable
from typing import Any, Self

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from kit import kinds
from pages import flows
from pages.forms import PageForm


class OwnerForm(PageForm):
    """A form with an `owner`, who may see what the form is about.

    If that is restricted and the new owner does not see it yet, the form says so and asks before it is saved.
    The box is below the field, so it is there in every template that draws the field.
    """

    def object_of_owner(self) -> Any:
        """Return the subject that the owner may see, None without one. Subclasses override it."""
        raise NotImplementedError

    def writer(self) -> Any:
        """Return who fills in the form; None if they see what it is about in any case."""
        return None

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        owner = values.get("owner")
        subject = self.object_of_owner() if owner else None
        if owner is None or subject is None or subject.is_visible_to(owner):
            return values
        box = self.add_prefix("owner-sees")
        if self.data.get(box) == str(owner.pk):
            return values
        is_named = self.writer() is None or subject.is_visible_to(self.writer())
        name = (subject.reference or subject.title) if is_named else "What this is about"
        # Not of the field: the bound one has copied that already.
        self["owner"].help_text = format_html(
            '<label><input type="checkbox" name="{}" value="{}"> {} may see {}</label>',
            box,
            owner.pk,
            owner.name,
            name if is_named else "it",
        )
        self.add_error(
            "owner",
            f"{name} is restricted. {owner.name} does not see it yet, and will as the owner. Tick the box to"
            " allow this, or choose somebody else.",
        )
        return values


class SightForm(PageForm):
    """Who may see an object: everyone, or some teams. change_sight() shows it.

    ONLY_TEAMS: the label of the second choice, which names the people who still see the object.
    teams: those to choose from (people.queries.restriction.offered_teams).
    """

    ONLY_TEAMS = "Only these teams"

    who = forms.ChoiceField(label="Visible to", widget=forms.RadioSelect)
    teams: forms.ModelMultipleChoiceField = forms.ModelMultipleChoiceField(
        None, required=False, widget=forms.CheckboxSelectMultiple, label="Teams"
    )

    def __init__(self, *args: Any, teams: QuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["who"].choices = [("all", "Everyone in the organisation"), ("teams", self.ONLY_TEAMS)]
        fields["teams"].queryset = teams
        fields["teams"].label_from_instance = lambda team: team.name

    @classmethod
    def of(cls, obj: Any, data: Any = None, *, teams: QuerySet) -> Self:
        """Return the form of an existing object, which is loaded with its subject."""
        viewers = obj.subject.viewers
        chosen = [team.pk for team in teams.filter(subject__in=viewers or ())]
        initial = {"who": "all" if viewers is None else "teams", "teams": chosen}
        return cls(data, initial=initial, teams=teams)

    def values(self) -> dict[str, Any]:
        """Return the teams, None for everyone."""
        is_open = self.cleaned_data["who"] == "all"
        return {"teams": None if is_open else list(self.cleaned_data["teams"])}


def change_sight(
    request: HttpRequest,
    obj: Any,
    form: SightForm,
    *,
    permission: str,
    operation: Callable[..., Any],
    page_url: str,
    list_url: str,
) -> HttpResponse:
    """Show the form on GET. On POST restrict the object to teams, or show it to everyone.

    operation(obj, teams=, by=, at=, seen=). page_url: of the object. list_url: of its list, to which a person
    goes who can no longer see it.
    """
    kind, name = kinds.find(obj.KIND), obj.subject.reference or obj.subject.title

    def is_visible() -> bool:
        return type(obj).objects.visible_to(request.user).filter(pk=obj.pk).exists()

    return flows.step(
        request,
        obj,
        form,
        permission=permission,
        operation=operation,
        address=lambda: page_url if is_visible() else list_url,
        show=flows.form_page(
            request,
            "pages/sight.html",
            obj=obj,
            name=name,
            plural=kind.plural if kind else "",
            page_url=page_url,
            list_url=list_url,
        ),
        message=lambda: "Saved" if is_visible() else f"{name} is restricted. You can no longer see it.",
    )
