"""The lists of templates and of filled templates."""

from collections.abc import Sequence

from django.db.models import Q

from history.models import Subject
from lists import filtering
from lists.collation import BY_NAME
from lists.specification import Filter, ListSpec, Order
from people import queries as people
from people.models import User
from risklog.models import Template

MOST_OFFERED = 100

TEMPLATES = ListSpec(
    filters={
        "q": filtering.part("Name", "name", "A part of the name."),
        "is_retired": filtering.flag("Retired", Q(is_retired=True), "true: only retired ones; false: none."),
    },
    orders={"name": Order("Name, A to Z", BY_NAME), "id": Order("Oldest", ("id",))},
)


def _templates(user: User) -> Sequence[tuple[str, str]]:
    """Return the templates that the page offers as a filter, by name."""
    rows = Template.objects.visible_to(user).order_by(*BY_NAME).values_list("pk", "name")
    return [(str(pk), name) for pk, name in rows[:MOST_OFFERED]]


FILLED_TEMPLATES = ListSpec(
    filters={
        "q": filtering.part("Name", "title", "A part of the title."),
        "template": Filter(
            "Template",
            filtering.equals("template_id"),
            filtering.number,
            options=_templates,
            help="The number of a template.",
            shape=filtering.NUMBER,
        ),
        "about": filtering.subject("About", "about", Subject.objects.visible_to),
        "author": filtering.person("Author", "author", names=people.names),
    },
    orders={"-id": Order("Newest", ("-id",)), "id": Order("Oldest", ("id",))},
)

# The comparison of the API takes the references of what it compares.
COMPARED_TEMPLATES = ListSpec(
    filters={"key": filtering.exact("Compare", "subject__reference", str.upper, "2 to 4 references.")},
    orders={"id": Order("Oldest", ("id",))},
    required=("key",),
    is_paged=False,
)
