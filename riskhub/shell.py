"""The frame of every page: the side bar, the current place in it, and the theme.

There is one table, because only riskhub may know every room by name. A place whose address does not exist
is left out, so that it cannot break every page. A test checks that all addresses resolve.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from kit import clock
from kit.rights import OPEN, may, view_needs
from kit.sight import Visitor
from notices.queries import sending
from pages.answers import is_fragment
from people import queries as people
from people.states import ColourTheme, Role

THEMES = tuple(ColourTheme.values)
KEYS = ("on", "off")
A_YEAR = 365 * 86400


def everyone(user):
    return True


def administrator(user):
    return user.is_at_least(Role.ADMINISTRATOR)


@dataclass(frozen=True)
class NavigationLink:
    label: str
    icon: str
    url_name: str
    hotkey: str
    group: str = "places"
    tab: bool = False  # shown in the bottom bar of a phone
    may_see: Callable[[Any], bool] = everyone
    also: tuple[str, ...] = ()  # other addresses that belong to this place


PLACES = (
    NavigationLink("My week", "home", "home", "g h", tab=True),
    NavigationLink("Inbox", "inbox", "notices:inbox", "g i"),
    NavigationLink("Risks", "table", "risklog:risk_list", "g r", tab=True),
    NavigationLink(
        "Breaches", "activity-heartbeat", "signals:breach_list", "g b", also=("/signals/patterns/",)
    ),
    NavigationLink(
        "Dashboards", "layout-dashboard", "signals:dashboard_list", "g k", also=("/signals/snapshots/",)
    ),
    NavigationLink("Incidents", "alert-triangle", "incidents:incident_list", "g c"),
    NavigationLink("Reviews", "eye", "risklog:review_list", "g v"),
    NavigationLink("Experiments", "flask", "risklog:experiment_list", "g x"),
    NavigationLink("Meetings", "microphone", "meetings:meeting_list", "g m", tab=True),
    NavigationLink("Decisions", "gavel", "meetings:decision_list", "g d"),
    NavigationLink("Actions", "checkbox", "actions:action_list", "g a", tab=True),
    NavigationLink("Learnings", "bulb", "learnings:learning_list", "g l"),
    NavigationLink(
        "Models", "cpu", "catalogue:model_list", "g o", also=("/signals/series/", "/signals/thresholds/")
    ),
    NavigationLink("Ladder", "stairs-up", "risklog:ladder_list", "g e", also=("/risks/escalations/",)),
    NavigationLink("Overview", "presentation-analytics", "leaders:executive", "g y"),
    NavigationLink("People", "users", "people:person_list", "g p"),
    NavigationLink("Mail", "mail", "notices:mail_list", "g t", "administration", may_see=administrator),
    NavigationLink(
        "Webhooks", "webhook", "notices:webhook_list", "g w", "administration", may_see=administrator
    ),
    NavigationLink("Sources", "plug", "signals:source_list", "g s", "administration", may_see=administrator),
    NavigationLink("Health", "activity", "health", "g j", "administration", may_see=administrator),
)

# Addresses that the shell links to. The value is "" if the address does not exist.
LINKS = {
    "search_url": "search",
    "account_url": "people:account",
    "sign_out_url": "people:sign_out",
    "appearance_url": "appearance",
}

_unread: list[Callable[[Any], str]] = []


def count_unread_with(query):
    """Register the query of the inbox: `query(user) -> str`, empty if nothing is unread."""
    _unread[:] = [query]
    return query


def address(name):
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def places_for(user, path):
    """Return the places that the reader may see. The current one has the longest matching address."""
    seen = [(place, address(place.url_name)) for place in PLACES if place.may_see(user)]
    seen = [(place, url) for place, url in seen if url]
    homes = [(start, url) for place, url in seen for start in (url, *place.also)]
    fits = [
        (len(start), url)
        for start, url in homes
        if path == start or (start != "/" and path.startswith(start))
    ]
    here = max(fits, default=(0, ""))[1]
    return [{"place": place, "url": url, "current": url == here} for place, url in seen]


def appearance(request, user):
    """Return theme and shortcuts, from the browser's cookie or the person, so that pages do not flicker."""
    theme, keys = request.COOKIES.get("theme"), request.COOKIES.get("keys")
    own = "on" if getattr(user, "has_single_keys", True) else "off"
    return {
        "theme": theme if theme in THEMES else getattr(user, "theme", ColourTheme.SYSTEM),
        "hotkeys": keys if keys in KEYS else own,
    }


def shell(request):
    """The context processor. A page renders many templates, so the result is kept on the request."""
    if not hasattr(request, "shell"):
        request.shell = _shell(request)
    return request.shell


def _shell(request):
    """Return the context. Costs one query for the organisation's name, one for the unread count."""
    user: Visitor = getattr(request, "user", AnonymousUser())
    signed_in = user.is_authenticated
    entries = places_for(user, request.path) if signed_in else []
    organisation = getattr(request, "organisation", None) or (people.organisation() if signed_in else None)
    return {
        **appearance(request, user),
        **{key: address(name) for key, name in LINKS.items()},
        "new_risk_url": address("risklog:risk_new") if signed_in and may(user, "risklog.risk_add") else "",
        "places": [e for e in entries if e["place"].group == "places"],
        "administration": [e for e in entries if e["place"].group == "administration"],
        "bottom_bar": [e for e in entries if e["place"].tab],
        "unread_count": _unread[0](user) if signed_in and _unread else "",
        "me": user if signed_in else None,
        "organisation_name": organisation.name if organisation else "Your organisation",
        "held_sending": _held_sending(user, organisation),
        "server_now": clock.now().isoformat(timespec="seconds"),
    }


def _held_sending(user, organisation):
    """Return what waits after a restore, for administrators; None while the register sends.

    Four further queries while it is held, else none.
    """
    if not getattr(organisation, sending.SETTING, False) or not may(user, "notices.sending_start"):
        return None
    return sending.held(clock.now())


@require_POST
@view_needs(OPEN)
def set_appearance(request):
    """Store the theme or the setting for single-key shortcuts, then redirect to the previous page."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = "/"
    answer = HttpResponse(status=204) if is_fragment(request) else HttpResponseRedirect(back, status=303)
    for name, allowed in (("theme", THEMES), ("keys", KEYS)):
        if request.POST.get(name) in allowed:
            answer.set_cookie(
                name,
                request.POST[name],
                max_age=A_YEAR,
                samesite="Lax",
                secure=request.is_secure(),
                httponly=True,
            )
    return answer
