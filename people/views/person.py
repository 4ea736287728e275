"""The list of people, the page of a person, and the steps of administrators there."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from history import queries as history
from kit import clock
from kit.refusals import Refused
from kit.rights import may, view_needs
from lists.counting import capped_count
from pages import flows
from pages.answers import respond
from pages.flows import Show, form_page
from pages.forms import PageForm
from pages.listing import listing, selection_of
from pages.requests import actor
from people import forms, queries
from people.authentication import fresh
from people.filters import PEOPLE, READINGS
from people.models import User
from people.operations import auditor
from people.operations import person as operations
from people.permissions import SignedInRequest
from people.queries import factors
from people.views.sign_in import link_for


def address_of(person: User) -> str:
    return reverse("people:person_detail", args=[person.pk])


@require_safe
@view_needs("people.person_view")
def person_list(request: SignedInRequest) -> HttpResponse:
    """People by name: the active ones, unless the query asks for others."""
    selection = selection_of(request, PEOPLE)
    rows = queries.everybody()
    if "is_active" not in selection.values:
        rows = rows.filter(is_active=True)
    shown = listing(request, PEOPLE, rows, selection=selection)
    count, is_capped = capped_count(shown.rows)
    away = set(queries.away_on(queries.local_day(clock.now())).values_list("user_id", flat=True))
    context = {
        "listing": shown,
        "page": shown.page,
        "away": away,
        "counted": f"{count}{'+' if is_capped else ''} people",
    }
    return respond(request, "people/person_list.html", "rows", context)


@never_cache
@require_safe
@view_needs("people.person_view")
def person_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    return _page(request, _person(pk))


@require_http_methods(["GET", "POST"])
@view_needs("people.administrate")
def person_create(request: SignedInRequest) -> HttpResponse:
    back = reverse("people:person_list")
    page_texts = {"title": "Add a person", "button": "Add person", "back": back}
    return flows.create(
        request,
        forms.NewPerson(request.POST or None),
        operation=operations.add,
        address=address_of,
        show=form_page(request, "people/form.html", **page_texts),
        message="Person added. Create a sign-in link and send it to them.",
    )


@require_POST
@view_needs("people.administrate")
def person_change(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change the name and the email. Who reads the mails of an address can reset its password."""
    person = _person(pk)
    if request.POST.get("email", "").strip().lower() != person.email and not fresh.is_fresh(request):
        return fresh.ask(request, address_of(person))
    return flows.edit(
        request,
        person,
        forms.ChangePerson(request.POST),
        permission="people.administrate",
        operation=operations.change,
        address=address_of(person),
        show=_page_with(request, pk, "change_form"),
    )


@require_POST
@view_needs("people.administrate")
def person_set_role(request: SignedInRequest, pk: int) -> HttpResponse:
    form = forms.ChangeRole(request.POST, auto_id="id_r_%s")
    return _step(request, pk, form, operations.set_role, message="Role changed", name="role_form")


@never_cache
@require_POST
@view_needs("people.administrate")
def person_link(request: SignedInRequest, pk: int) -> HttpResponse:
    """Create the link with which a person sets a password. Only this answer shows it; it is not stored."""
    user = _person(pk)
    if not fresh.is_fresh(request):
        return fresh.ask(request, address_of(user))
    try:
        operations.note_link(user, by=actor(request), at=clock.now())
    except Refused as refusal:
        return _page(request, user, 422, trouble=refusal.message)
    return _page(request, user, link=link_for(user))


@require_POST
@view_needs("people.administrate")
def person_audit(request: SignedInRequest, pk: int) -> HttpResponse:
    form = forms.Auditor(request.POST, auto_id="id_a_%s")
    return _step(request, pk, form, auditor.appoint, message="Auditor appointed", name="audit_form")


@require_POST
@view_needs("people.administrate")
def person_end_audit(request: SignedInRequest, pk: int) -> HttpResponse:
    return _step(request, pk, PageForm(request.POST), auditor.end, message="Audit ended", name="step_form")


@require_safe
@view_needs("people.administrate")
def person_readings(request: SignedInRequest, pk: int) -> HttpResponse:
    """List what an auditor read, the latest first."""
    person = _person(pk)
    selection = selection_of(request, READINGS)
    shown = listing(request, READINGS, queries.readings_of(person), selection=selection)
    context = {"person": person, "listing": shown, "page": shown.page}
    return respond(request, "people/readings.html", "rows", context)


@require_POST
@view_needs("people.administrate")
def person_deactivate(request: SignedInRequest, pk: int) -> HttpResponse:
    message = "Person deactivated. Their sessions and tokens are revoked."
    return _step(
        request, pk, PageForm(request.POST), operations.deactivate, message=message, name="step_form"
    )


@require_POST
@view_needs("people.administrate")
def person_reactivate(request: SignedInRequest, pk: int) -> HttpResponse:
    message = "Person reactivated. Create a sign-in link so that they can sign in."
    return _step(
        request, pk, PageForm(request.POST), operations.reactivate, message=message, name="step_form"
    )


def _step(
    request: SignedInRequest,
    pk: int,
    form: PageForm,
    operation: Callable[..., User],
    *,
    message: str,
    name: str,
) -> HttpResponse:
    """Run an administrator's step. name: under which the page gets the form when it is refused."""
    return flows.step(
        request,
        person := _person(pk),
        form,
        permission="people.administrate",
        operation=operation,
        address=address_of(person),
        show=_page_with(request, pk, name),
        message=message,
    )


def _page_with(request: SignedInRequest, pk: int, name: str) -> Show:
    def show(form: PageForm, status: int) -> HttpResponse:
        return _page(request, _person(pk), status, **{name: form})

    return show


def _person(pk: int) -> User:
    return get_object_or_404(queries.everybody(), pk=pk)


def _page(request: SignedInRequest, user: User, status: int = 200, **given: Any) -> HttpResponse:
    reader: User = request.user
    today = queries.local_day(clock.now())
    events = history.timeline(user.subject_id).visible_to(reader)
    hidden = {*queries.hidden_verbs(reader, user.subject_id), "people.auditor_read"}  # they have a page
    context: dict[str, Any] = {
        "person": user,
        "teams": [membership.team for membership in user.memberships.all()],
        "leads": queries.teams().filter(lead=user),
        "absences": queries.absences_of(user, today),
        "timeline": list(events.exclude(verb__in=hidden)[:50]),
        "link": "",
        "trouble": "",
        "step_form": None,
    }
    if may(reader, "people.administrate"):
        names = ("name", "email", "function", "role")
        now = {name: getattr(user, name) for name in names}
        context |= {
            "change_form": forms.ChangePerson(initial=now),
            "audit_form": forms.Auditor(initial={"until": user.audits_until}, auto_id="id_a_%s"),
            "role_form": forms.ChangeRole(initial=now, auto_id="id_r_%s"),
            "factors": [(one, factors.name_of(one)) for one in factors.of(user)],
            "tokens": queries.tokens_of(user).filter(revoked_at__isnull=True, expires_at__gt=clock.now()),
        }
    return render(request, "people/person_detail.html", context | given, status=status)
