"""The lists of templates and of filled templates."""

from django.db.models import Q

from history.models import Subject
from lists import filtering
from lists.collation import BY_NAME
from lists.specification import Filter, ListSpec, Order
from people import queries as people

TEMPLATES = ListSpec(
    filters={
        "is_retired": filtering.flag("Retired", Q(is_retired=True), "true: only retired ones; false: none."),
    },
    orders={"name": Order("Name, A to Z", BY_NAME), "id": Order("Oldest", ("id",))},
)
FILLED_TEMPLATES = ListSpec(
    filters={
        "template": Filter(
            "Template",
            filtering.equals("template_id"),
            filtering.number,
            help="The number of a template.",
            shape=filtering.NUMBER,
        ),
        "about": filtering.subject("About", "about", Subject.objects.visible_to),
        "author": filtering.person("Author", "author", names=people.names),
    },
    orders={"-id": Order("Newest", ("-id",)), "id": Order("Oldest", ("id",))},
)
