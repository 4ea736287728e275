"""The list of people, the page of a person, and the steps of administrators there."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from history import queries as history
from kit import clock
from kit.counting import capped_count
from kit.refusals import Refused
from kit.rights import may, view_needs
from pages.answers import go, respond, toast
from pages.requests import page_of
from people import forms, queries
from people.models import User
from people.operations import person
from people.views.door import link_for
from people.views.saving import by, form_page, save


@view_needs("people.person_view")
@require_safe
def person_list(request: HttpRequest) -> HttpResponse:
    found = _narrowed(queries.everybody(), request)
    count, is_capped = capped_count(found)
    page = page_of(found, ("name", "id"), request)
    away = set(queries.away_on(queries.local_day(clock.now())).values_list("user_id", flat=True))
    context = {
        "page": page,
        "away": away,
        "counted": f"{count}{'+' if is_capped else ''} people",
        "functions": queries.functions(),
        "chosen": {name: request.GET.get(name, "") for name in ("q", "function", "gone")},
    }
    return respond(request, "people/person_list.html", "rows", context)


@view_needs("people.person_view")
@never_cache
@require_safe
def person_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _person(pk))


@view_needs("people.administrate")
@require_http_methods(["GET", "POST"])
def person_create(request: HttpRequest) -> HttpResponse:
    def page(form: Any, status: int = 200) -> HttpResponse:
        back = reverse("people:person_list")
        return form_page(request, form, title="Add a person", button="Add person", back=back, status=status)

    if request.method == "GET":
        return page(forms.NewPerson())
    return save(
        request,
        forms.NewPerson(request.POST),
        lambda said: person.add(**said, by=by(request), at=clock.now()),
        said="Person added. Create a sign-in link and send it to them.",
        then=lambda made: reverse("people:person_detail", args=[made.pk]),
        again=page,
    )


@view_needs("people.administrate")
@require_POST
def person_change(request: HttpRequest, pk: int) -> HttpResponse:
    user = _person(pk)

    def act(said: dict[str, Any]) -> None:
        values = {name: said[name] for name in ("name", "email", "function")}
        person.change(user, values, by=by(request), at=clock.now(), seen=said["version"])

    return save(
        request,
        forms.ChangePerson(request.POST),
        act,
        said="Saved",
        then=lambda _: reverse("people:person_detail", args=[pk]),
        again=lambda form, status: _page(request, _person(pk), status, change_form=form),
    )


@view_needs("people.administrate")
@require_POST
def person_set_role(request: HttpRequest, pk: int) -> HttpResponse:
    user = _person(pk)
    return save(
        request,
        forms.ChangeRole(request.POST),
        lambda said: person.set_role(
            user, said["role"], by=by(request), at=clock.now(), seen=said["version"]
        ),
        said="Role changed",
        then=lambda _: reverse("people:person_detail", args=[pk]),
        again=lambda form, status: _page(request, _person(pk), status, role_form=form),
    )


@view_needs("people.administrate")
@never_cache
@require_POST
def person_link(request: HttpRequest, pk: int) -> HttpResponse:
    """Create the link with which a person sets a password. Only this answer shows it; it is not stored."""
    user = _person(pk)
    try:
        person.note_link(user, by=by(request), at=clock.now())
    except Refused as refusal:
        return _page(request, user, 422, trouble=refusal.message)
    return _page(request, user, link=link_for(user))


@view_needs("people.administrate")
@require_POST
def person_deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    return _turn(request, pk, person.deactivate, "Person deactivated. Their sessions and tokens are revoked.")


@view_needs("people.administrate")
@require_POST
def person_reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    return _turn(
        request, pk, person.reactivate, "Person reactivated. Create a sign-in link so that they can sign in."
    )


def _turn(request: HttpRequest, pk: int, act: Any, said: str) -> HttpResponse:
    user = _person(pk)
    try:
        act(user, by=by(request), at=clock.now())
    except Refused as refusal:
        return _page(request, _person(pk), 422, trouble=refusal.message)
    return toast(request, go(request, reverse("people:person_detail", args=[pk])), said)


def _person(pk: int) -> User:
    return get_object_or_404(queries.everybody(), pk=pk)


def _narrowed(found: QuerySet[User], request: HttpRequest) -> QuerySet[User]:
    if not request.GET.get("gone"):
        found = found.filter(is_active=True)
    if text := request.GET.get("q", "").strip():
        found = found.filter(Q(name__icontains=text) | Q(email__icontains=text))
    if slug := request.GET.get("function"):
        found = found.filter(function__slug=slug)
    return found


def _page(request: HttpRequest, user: User, status: int = 200, **given: Any) -> HttpResponse:
    reader: Any = request.user
    today = queries.local_day(clock.now())
    events = history.timeline(user.subject_id).visible_to(reader)
    context: dict[str, Any] = {
        "person": user,
        "teams": [membership.team for membership in user.memberships.all()],
        "leads": queries.teams().filter(lead=user),
        "absences": queries.absences_of(user, today),
        "timeline": list(events.exclude(verb__in=queries.hidden_verbs(reader, user.subject_id))[:50]),
        "link": "",
        "trouble": "",
    }
    if may(reader, "people.administrate"):
        names = ("version", "name", "email", "function", "role")
        now = {name: getattr(user, name) for name in names}
        context |= {
            "change_form": forms.ChangePerson(initial=now),
            "role_form": forms.ChangeRole(initial=now, auto_id="id_r_%s"),
            "tokens": queries.tokens_of(user).filter(revoked_at__isnull=True, expires_at__gt=clock.now()),
        }
    return render(request, "people/person_detail.html", context | given, status=status)
