"""Sign-in by a provider of the settings: lead to it, and take its answer."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from kit.rights import OPEN, view_needs
from people.authentication import oidc, sessions, social_adapter
from people.authentication.browser import onward_from


@never_cache
@require_safe
@view_needs(OPEN)
def begin(request: HttpRequest, provider_id: str) -> HttpResponse:
    if provider_id not in settings.OIDC_PROVIDERS:
        raise Http404
    if request.user.is_authenticated:
        return HttpResponseRedirect(onward_from(request))
    sessions.expire_soon(request)
    try:
        return oidc.begin(request, provider_id)
    except oidc.TROUBLE as error:
        return social_adapter.away(request, error)


@never_cache
@require_safe
@view_needs(OPEN)
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    if provider_id not in settings.OIDC_PROVIDERS:
        raise Http404
    try:
        return oidc.finish(request, provider_id)
    except oidc.TROUBLE as error:
        return social_adapter.away(request, error)
