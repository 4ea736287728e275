"""The list specification of learnings: filters and orders of the page and the API."""

from collections.abc import Callable, Sequence

from django.db.models import Q, QuerySet

from catalogue.models import Model
from learnings.filters.reading import unread
from learnings.models import Learning
from learnings.states import LearningState, LearningVerdict
from lists import filtering
from lists.registry import BuiltInView, NamedList
from lists.specification import Filter, ListSpec, Order, Reader, Selection
from risklog.models import Category

TEXTS = ("title", "seen", "to_monitor", "to_adjust", "how_to_check", "governance")
_MAX_WORDS = 10

# The tabs of the page: value -> (label, condition).
VIEWS: dict[str, tuple[str, Callable[[Reader], Q]]] = {
    "feed": ("Feed", lambda reader: Q(state=LearningState.PUBLISHED, published_at__isnull=False)),
    "drafts": (
        "Drafts",
        lambda reader: Q(state=LearningState.DRAFT) & (Q(author_id=reader.user.pk) | Q(author__isnull=True)),
    ),
    "discarded": ("Discarded", lambda reader: Q(state=LearningState.DISCARDED)),
    "mine": ("Mine", lambda reader: Q(author_id=reader.user.pk) & ~Q(state=LearningState.DISCARDED)),
}


def _text(values: Sequence[str], reader: Reader) -> Q:
    """Match if each word is in one of the texts or the tags. At most 10 words count."""
    condition = Q()
    for word in values[0].split()[:_MAX_WORDS]:
        anywhere = Q(tags__icontains=word)
        for name in TEXTS:
            anywhere |= Q(**{f"{name}__collated__contains": word})
        condition &= anywhere
    return condition


SPEC = ListSpec(
    filters={
        "show": filtering.named("View", VIEWS, "The feed, drafts, discarded ones, or those of the reader."),
        "reading": filtering.named("Read", {"unread": ("Unread", unread)}, "Unread ones of the feed."),
        "q": Filter("Text", _text, is_many=False, help="Words of the texts or the tags."),
        "state": filtering.choice("State", "state", LearningState),
        "verdict": filtering.choice("Outcome", "verdict", LearningVerdict),
        "author": filtering.person("Author", "author"),
        "tag": filtering.tag(),
        "model": filtering.slug("Model", "model", Model.objects.visible_to, help="The slug of a model."),
        "category": filtering.slug("Category", "category", Category.objects.visible_to, help="A slug."),
    },
    orders={
        "-made_at": Order("Newest", ("-made_at", "-id")),
        "-published_at": Order("Latest published", ("-published_at", "-id")),
        "id": Order("Oldest", ("id",)),
        "-id": Order("By number, last first", ("-id",)),
    },
)


def listed_learnings(selection: Selection, reader: Reader) -> QuerySet[Learning]:
    """Return the learnings that the list page filters: those of the feed, unless it asks for another view."""
    view = selection.texts.get("show", "feed")
    return Learning.objects.visible_to(reader.user).filter(VIEWS[view][1](reader))


LEARNING_LIST = NamedList(
    name="learnings",
    label="Learnings",
    spec=SPEC,
    url_name="learnings:learning_list",
    permission="learnings.learning_view",
    rows=listed_learnings,
    built_in=(
        BuiltInView("feed", "Feed"),
        BuiltInView("unread", "Unread", "reading=unread"),
        BuiltInView("drafts", "Drafts", "show=drafts"),
        BuiltInView("discarded", "Discarded", "show=discarded"),
        BuiltInView("mine", "Mine", "show=mine"),
        BuiltInView("did_not", "Did not work", "verdict=did_not"),
    ),
)
