"""The page on which administrators choose how long rows are kept. It shows what would go now."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from kit import clock
from kit.rights import view_needs
from pages import flows
from pages.forms import PageForm
from people.models import Organisation
from people.permissions import SignedInRequest
from riskhub.retention.kept import KEPT, LONGEST, days_of, going
from riskhub.retention.operations import set_days


class RetentionForm(PageForm):
    """For each kind the number of days, blank permanently where that is possible."""

    def __init__(self, *args: Any, ours: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        for one in KEPT:
            limit = f"Days, at least {one.least}{'; blank: permanently' if one.may_stay else ''}."
            fields[one.key] = forms.IntegerField(
                label=one.label,
                min_value=one.least,
                max_value=LONGEST,
                required=not one.may_stay,
                initial=days_of(one, ours.retention),
                help_text=f"{one.help} {limit}",
            )


@require_http_methods(["GET", "POST"])
@view_needs("people.administrate")
def page(request: SignedInRequest) -> HttpResponse:
    """Choose how long each kind of rows is kept."""
    ours = get_object_or_404(Organisation.objects.select_related("subject"))
    found = going(clock.now(), ours.retention)
    return flows.edit(
        request,
        ours,
        RetentionForm(request.POST or None, ours=ours),
        permission="people.administrate",
        operation=set_days,
        address=reverse("retention"),
        show=flows.form_page(request, "people/retention.html", organisation=ours, going=found),
    )
