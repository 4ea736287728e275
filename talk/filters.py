"""What lists of comments, of files and of what is watched can be asked."""

from django.db.models import Q

from history.models import Subject
from lists import filtering
from lists.collation import BY_NAME, BY_NAME_BACKWARDS
from lists.specification import ListSpec, Order
from people import queries as people
from talk.states import CommentState, FileState

SPEC = ListSpec(
    filters={
        "about": filtering.subject(
            "About",
            "about",
            Subject.objects.visible_to,
            "The reference of what they are about, such as R-12.",
        ),
        "author": filtering.person("Author", "author", people.options),
        "q": filtering.part("Text", "text", "A part of the text."),
        "state": filtering.choice("State", "state", CommentState),
    },
    orders={"-id": Order("Newest", ("-id",)), "id": Order("Oldest", ("id",))},
)
WATCHES = ListSpec(
    filters={
        "about": filtering.subject(
            "About", "about", Subject.objects.visible_to, "The reference of what is watched, such as R-12."
        ),
    },
    orders={"-id": Order("Newest", ("-id",)), "id": Order("Oldest", ("id",))},
)
FILES = ListSpec(
    filters={
        "about": filtering.subject(
            "About",
            "about",
            Subject.objects.visible_to,
            "The reference of what they are attached to, such as R-12.",
        ),
        "author": filtering.person("Author", "author", people.options),
        "q": filtering.part("Name", "name", "A part of the name."),
        "media_type": filtering.exact("Type", "media_type", str.lower, "A media type such as image/png."),
        "state": filtering.choice("State", "state", FileState),
    },
    orders={"-id": Order("Newest", ("-id",)), "id": Order("Oldest", ("id",))},
)
TAGS = ListSpec(
    filters={
        "q": filtering.part("Tag", "name", "A part of the tag."),
        "is_retired": filtering.flag("Retired", Q(retired_at__isnull=False), "true: those that are retired."),
    },
    orders={
        "name": Order("Name", BY_NAME),
        "-name": Order("Name, backwards", BY_NAME_BACKWARDS),
        "-number": Order("Most used", ("-number", "-id")),
    },
)
