"""The pages of the glossary."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kit import clock
from kit.rights import may, view_needs
from learnings import lessons
from learnings.filters.glossary import SPEC
from learnings.forms.glossary import GlossaryWordForm
from learnings.models import GlossaryWord
from learnings.operations import glossary as operations
from pages import flows
from pages.answers import go, respond, toast
from pages.flows import form_page
from pages.listing import listing
from pages.requests import actor
from people.permissions import SignedInRequest


def address_of(word: GlossaryWord) -> str:
    return reverse("learnings:glossary_word", args=[word.slug])


@require_safe
@view_needs("learnings.glossary_view")
def glossary_list(request: SignedInRequest) -> HttpResponse:
    shown = listing(request, SPEC, GlossaryWord.objects.visible_to(request.user))
    context = {
        "listing": shown,
        "page": shown.page,
        "may_change": may(request.user, "learnings.glossary_change"),
    }
    return respond(request, "learnings/glossary_list.html", "list", context)


def _word(request: SignedInRequest, slug: str) -> GlossaryWord:
    rows = GlossaryWord.objects.visible_to(request.user).select_related("subject")
    return get_object_or_404(rows, slug=slug)


@require_safe
@view_needs("learnings.glossary_view")
def glossary_word(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show a word with its lesson. A link to a word that was never added shows the list instead."""
    rows = GlossaryWord.objects.visible_to(request.user).select_related("subject")
    word = rows.filter(slug=slug).first()
    if word is None:
        return go(request, reverse("learnings:glossary_list"))
    context = {
        "word": word,
        "lesson": lessons.find(word.lesson),
        "may_change": may(request.user, "learnings.glossary_change"),
    }
    return respond(request, "learnings/glossary_word.html", None, context)


@require_safe
@view_needs("learnings.glossary_view")
def glossary_by_id(request: SignedInRequest, pk: int) -> HttpResponse:
    """Redirect to the page of a word: links of search and timelines know only its number."""
    rows = GlossaryWord.objects.visible_to(request.user)
    return go(request, address_of(get_object_or_404(rows, pk=pk)))


@require_http_methods(["GET", "POST"])
@view_needs("learnings.glossary_change")
def glossary_create(request: SignedInRequest) -> HttpResponse:
    return flows.create(
        request,
        GlossaryWordForm(request.POST or None),
        operation=operations.add,
        address=address_of,
        show=form_page(request, "learnings/glossary_create.html"),
        message="Word added",
    )


@require_http_methods(["GET", "POST"])
@view_needs("learnings.glossary_change")
def glossary_edit(request: SignedInRequest, slug: str) -> HttpResponse:
    word = _word(request, slug)
    return flows.edit(
        request,
        word,
        GlossaryWordForm.of(word, request.POST or None),
        permission="learnings.glossary_change",
        operation=operations.change,
        address=address_of(word),
        show=form_page(request, "learnings/glossary_edit.html", word=word),
    )


@require_POST
@view_needs("learnings.glossary_change")
def glossary_fill(request: SignedInRequest) -> HttpResponse:
    """Add the standard words that are missing."""
    number = operations.add_first(by=actor(request), at=clock.now())
    message = f"{number} words added" if number else "All standard words are there already"
    return toast(request, go(request, reverse("learnings:glossary_list")), message)
