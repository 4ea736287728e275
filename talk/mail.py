"""Mails about mentions: their context, and whether they are still relevant."""

from datetime import datetime
from typing import Any

from django.urls import reverse

from history.models import Event, Subject
from history.queries import present_data
from people.models import User
from talk.models import Comment


def context(subject: Subject, reader: User) -> dict[str, Any]:
    """Return the newest comment on this object that mentions the reader."""
    rows = Comment.objects.visible_to(reader).filter(about=subject, mentioned__contains=[reader.pk])
    comment = rows.select_related("author").order_by("-id").first()
    address = reverse("talk:comment", args=[comment.pk]) if comment else ""
    return {"comment": comment, "about": subject, "comment_path": address}


def is_still_written(event: Event, user: User, at: datetime) -> str:
    """Return why a mail is no longer relevant, "" if it is."""
    comment = Comment.objects.select_for_update(of=("self",)).get(pk=present_data(event)["comment"])
    if comment.is_removed:
        return "The comment was removed."
    return "" if user.pk in comment.mentioned else "The comment does not mention this person any more."
