"""The panels of upper rooms that are loaded after the page of their object.

The page of a risk shows the risk with few statements; its incidents, learnings and recognitions follow in one
request. Without JavaScript, a link on the page leads here.
"""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from history.models import Subject
from kit import kinds
from kit.rights import may, view_needs
from pages.answers import respond
from pages.panels import later_panels_of
from pages.templatetags.panels import drawn
from people.permissions import SignedInRequest


@require_safe
@view_needs("people.signed_in")
def later_panels(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show the later panels of an object. pk: of its subject.

    Raises Http404 if the reader may not see the object, or objects of its kind.
    """
    subject = get_object_or_404(Subject.objects.visible_to(request.user), pk=pk)
    kind = kinds.find(subject.kind)
    if kind is None or not may(request.user, kind.permission):
        raise Http404
    rows = kind.row.objects.visible_to(request.user).select_related("subject")
    obj = get_object_or_404(rows, pk=subject.object_id)
    context = {
        "subject": subject,
        "page_url": kinds.url_of(subject),
        "panels": drawn(request, later_panels_of(kind), obj),
    }
    return respond(request, "later_panels.html", "panels", context)
