"""The pages of tags: the vocabulary, and how it changes."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from kit import clock, kinds
from kit.refusals import Refused
from kit.rights import may, view_needs
from pages.answers import go, respond, toast
from pages.listing import listing, reader_of
from pages.requests import actor
from people.permissions import SignedInRequest
from talk.filters import TAGS
from talk.forms import TagForm
from talk.operations import tag as operations
from talk.queries import tag as queries


@require_safe
@view_needs("talk.tag_view")
def tag_list(request: SignedInRequest) -> HttpResponse:
    """Show the tags of what the reader may see, with the number that the list of each kind shows."""
    rows = queries.with_listed(queries.tags(request.user), reader_of(request))
    shown = listing(request, TAGS, rows)
    columns = [(kind.plural, reverse(kind.tagged_list), f"listed_{kind.key}") for kind in kinds.tagged()]
    for tag in shown.page.rows:
        tag.counts = [(f"{url}?tag=", getattr(tag, name), plural) for plural, url, name in columns]
    context = {
        "listing": shown,
        "page": shown.page,
        "columns": [plural for plural, _, _ in columns],
        "may_change": may(request.user, "talk.tag_change"),
    }
    return respond(request, "talk/tag_list.html", None, context)


@require_safe
@view_needs("talk.tag_change")
def tag_edit(request: SignedInRequest) -> HttpResponse:
    """Show what can be done with the tag that the address names."""
    return _edit(request, TagForm(initial={"tag": request.GET.get("tag", "")}))


def _edit(request: HttpRequest, form: TagForm, status: int = 200) -> HttpResponse:
    name = str(form["tag"].value() or "")
    tag = queries.tags(request.user).filter(name=name).first()
    if tag is None and status == 200:
        raise Http404
    return respond(
        request, "talk/tag_edit.html", "form", {"form": form, "tag": tag, "name": name}, status=status
    )


@require_POST
@view_needs("talk.tag_change")
def tag_step(request: SignedInRequest, step: str) -> HttpResponse:
    """Rename, merge, retire or restore a tag."""
    form = TagForm(request.POST)
    if not form.is_valid():
        return _edit(request, form, 422)
    tag, other = form.cleaned_data["tag"], form.cleaned_data["other"]
    by, at = actor(request), clock.now()
    try:
        if step == "rename":
            message = f"Renamed to {operations.rename(tag, to=other, by=by, at=at)}"
        elif step == "merge":
            message = f"Merged into {operations.merge(tag, into=other, by=by, at=at)}"
        elif step == "retire":
            message = f"{operations.retire(tag, by=by, at=at)} retired"
        else:
            message = f"{operations.restore(tag, by=by, at=at)} restored"
    except Refused as refusal:
        return _edit(request, form, form.refuse(refusal))
    return toast(request, go(request, reverse("talk:tag_list")), message)
