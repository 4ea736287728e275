"""All addresses. Each room declares its own, and this module includes them."""

from django.urls import include, path

from actions.api import RESOURCES as ACTIONS
from catalogue.api import RESOURCES as CATALOGUE
from incidents.api import RESOURCES as INCIDENTS
from leaders.api import RESOURCES as LEADERS
from learnings.api import RESOURCES as LEARNINGS
from meetings.api import RESOURCES as MEETINGS
from notices.api import RESOURCES as NOTICES
from people.api import RESOURCES as PEOPLE
from people.urls import allauth_urlpatterns
from riskhub import (
    errors,
    health,
    health_pages,
    home,
    later_panels,
    reference,
    search,
    shell,
    start_here,
    styleguide,
    why,
)
from riskhub.events_api import RESOURCES as EVENTS
from riskhub.leaving import page as leaving_page
from riskhub.leaving.api import RESOURCES as LEAVING
from riskhub.retention import page as retention_page
from riskhub.retention.api import RESOURCES as RETENTION
from riskhub.search_api import RESOURCES as SEARCH
from riskhub.start_here_api import RESOURCES as START_HERE
from riskhub.token_events_api import RESOURCES as TOKEN_EVENTS
from risklog.api import RESOURCES as RISKLOG
from saved.api import RESOURCES as SAVED
from signals.api import RESOURCES as SIGNALS
from signals.intake import RESOURCES as INTAKE
from talk.api import RESOURCES as TALK

RESOURCES = [
    *PEOPLE,
    *CATALOGUE,
    *SIGNALS,
    *INTAKE,
    *RISKLOG,
    *INCIDENTS,
    *MEETINGS,
    *NOTICES,
    *ACTIONS,
    *TALK,
    *SAVED,
    *LEARNINGS,
    *LEADERS,
    *LEAVING,
    *RETENTION,
    *START_HERE,
    *EVENTS,
    *TOKEN_EVENTS,
    *SEARCH,
]

urlpatterns = [
    path("", home.home, name="home"),
    path("search/", search.search, name="search"),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("healthz/pipeline", health_pages.pipeline, name="health_pipeline"),
    path("metrics", health_pages.metrics, name="metrics"),
    path("health/", health_pages.page, name="health"),
    path("health/banner/", health_pages.banner, name="health_banner"),
    path("panels/<int:pk>/", later_panels.later_panels, name="later_panels"),
    path("why/<str:kind>/<int:pk>/", why.why, name="why"),
    path("appearance/", shell.set_appearance, name="appearance"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
    path("people/settings/retention/", retention_page.page, name="retention"),
    path("people/<int:pk>/hand-over/", leaving_page.hand_over, name="hand_over"),
    path("people/teams/<slug:slug>/start/", start_here.page, name="start_here"),
    path("people/", include("people.urls")),
    path("people/", include(allauth_urlpatterns)),
    path("models/", include("catalogue.urls")),
    path("signals/", include("signals.urls")),
    path("risks/", include("risklog.urls")),
    path("incidents/", include("incidents.urls")),
    path("meetings/", include("meetings.urls")),
    path("actions/", include("actions.urls")),
    path("", include("talk.urls")),
    path("views/", include("saved.urls")),
    path("learnings/", include("learnings.urls")),
    path("executive/", include("leaders.urls")),
    path("notices/", include("notices.urls")),
    path("api/v1/", reference.reference, name="reference"),
    path("api/v1/schema", reference.Schema.as_view(), name="schema"),
    *(path(f"api/v1/{address}", view.as_view()) for address, view in RESOURCES),
]

handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.not_found
handler500 = errors.server_error
