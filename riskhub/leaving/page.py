"""The page that hands over everything a person owns."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from kit import clock
from kit.rights import may, require, view_needs
from pages import flows
from pages.forms import PageForm
from people import queries as people
from people.models import User
from people.operations.service_account import ingest_tokens
from people.permissions import SignedInRequest
from people.states import Role
from riskhub.leaving import operations
from riskhub.leaving.operations import Held
from risklog.forms.review import PersonChoice


class WorkHandOverForm(PageForm):
    """The successors: one for everything, and another one for a kind. held: what there is to hand over."""

    to = PersonChoice(User.objects.none(), label="Hand over everything to", empty_label="Choose a person")
    deactivates = forms.BooleanField(label="Deactivate the account afterwards", required=False)
    keeps_tokens = forms.BooleanField(
        label="Keep tokens that push signals",
        required=False,
        help_text="Each gets a service account, for which the person above is responsible.",
    )

    def __init__(
        self, *args: Any, person: User, held: list[Held], may_deactivate: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        present = people.present_on(people.local_day(clock.now())).exclude(role=Role.VIEWER)
        successors = present.exclude(pk=person.pk)
        self.kinds = [one.holding.name for one in held]
        fields: dict[str, Any] = self.fields
        fields["to"].queryset = successors
        fields["to"].required = bool(held)
        for one in held:
            fields[f"of_{one.holding.name}"] = PersonChoice(
                successors,
                label=f"{one.holding.label} ({one.number})",
                required=False,
                empty_label="The same person",
            )
        if not may_deactivate:
            del fields["deactivates"]
        if not may_deactivate or not ingest_tokens(person, clock.now()):
            del fields["keeps_tokens"]
        self.order_fields(["to", *(f"of_{kind}" for kind in self.kinds), "deactivates", "keeps_tokens"])

    def values(self) -> dict[str, Any]:
        chosen = {kind: self.cleaned_data[f"of_{kind}"] for kind in self.kinds}
        return {
            "to": self.cleaned_data["to"],
            "of_kind": {kind: person for kind, person in chosen.items() if person},
            "deactivates": self.cleaned_data.get("deactivates", False),
            "keeps_tokens": self.cleaned_data.get("keeps_tokens", False),
            "read": self.data.get("read"),
        }


@require_http_methods(["GET", "POST"])
@view_needs("people.hand_over")
def hand_over(request: SignedInRequest, pk: int) -> HttpResponse:
    """List what a person owns, and hand it over. ?deactivate=1 ticks the box that deactivates them."""
    person = get_object_or_404(people.everybody(), pk=pk)
    require(request.user, "people.hand_over", person)
    held, listed = operations.held_by(person, request.user), operations.listed(person)
    is_other = person.pk != request.user.pk and person.is_active
    form = WorkHandOverForm(
        request.POST or None,
        person=person,
        held=held,
        may_deactivate=is_other,
        initial={"deactivates": request.GET.get("deactivate") == "1", "keeps_tokens": True},
    )
    return flows.step(
        request,
        person,
        form,
        permission="people.hand_over",
        operation=operations.hand_over,
        address=reverse("people:person_detail", args=[person.pk]),
        show=flows.form_page(request, "people/hand_over.html", person=person, held=held, listed=listed),
        message=f"Handed over the work of {person.name}",
    )


def link(reader: User, person: User) -> dict[str, Any] | None:
    """Return the panel on the page of a person, None for readers who may not hand over."""
    return {"is_own": person.pk == reader.pk} if may(reader, "people.hand_over", person) else None
