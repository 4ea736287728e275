"""Mails about mentions: their context, and whether they are still relevant."""

from datetime import datetime
from typing import Any

from django.urls import reverse

from history.models import Event
from history.queries import present_data
from people.models import User
from talk.models import Comment


def context(event: Event, reader: User) -> dict[str, Any]:
    """Return the comment that mentions the reader, and what it is about."""
    comment = Comment.objects.select_related("about", "author").get(pk=present_data(event)["comment"])
    return {
        "comment": comment,
        "about": comment.about,
        "names": [comment.about_id],
        "comment_path": reverse("talk:comment", args=[comment.pk]),
    }


def is_still_written(event: Event, user: User, at: datetime) -> str:
    """Return why a mail is no longer relevant, "" if it is."""
    comment = Comment.objects.select_for_update(of=("self",)).get(pk=present_data(event)["comment"])
    if comment.is_removed:
        return "The comment was removed."
    return "" if user.pk in comment.mentioned else "The comment does not mention this person any more."
