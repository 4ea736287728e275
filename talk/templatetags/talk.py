"""The tags of comments: {% conversation risk %} is a timeline with comments, {{ comment|said }} a text."""

from typing import Any

from django import template
from django.utils.safestring import SafeString

from history.models import Recorded
from kit.refusals import Refused
from kit.rights import may
from pages import markup
from people.models import User
from talk.forms import NewCommentForm
from talk.models import Comment
from talk.queries.conversation import SHOWN, conversation

register = template.Library()


@register.inclusion_tag("talk/_conversation.html", takes_context=True, name="conversation")
def show_conversation(context: Any, obj: Recorded) -> dict[str, Any]:
    """Return what the timeline of an object needs; with the events of what belongs to it (obj.related).

    The address says ?timeline=comments or changes, and ?earlier=<cursor>. A cursor that is not valid shows
    the newest page.
    """
    request = context["request"]
    user, subject = request.user, obj.subject
    shown = request.GET.get("timeline", "all")
    shown = shown if shown in SHOWN else "all"
    earlier = request.GET.get("earlier") or None
    try:
        found = conversation(user, obj, shown=shown, before=earlier)
    except Refused:
        found, earlier = conversation(user, obj, shown=shown), None
    return {
        "request": request,
        "subject": subject,
        "conversation": found,
        "is_earlier": earlier is not None,
        "shown": shown,
        "tabs": SHOWN.items(),
        "watching": found.watching if may(user, "talk.watch") else None,
        "form": NewCommentForm.on(subject, user=user) if may(user, "talk.comment_add") else None,
        "user": user,
    }


@register.filter
def said(comment: Comment) -> SafeString:
    """Return the text of a comment as HTML, its mentions as links to the people."""
    return markup.html_of(comment.text, getattr(comment, "linker", None))


@register.filter
def may_change_comment(user: User, comment: Comment) -> bool:
    return may(user, "talk.comment_change", comment)


@register.filter
def may_remove_comment(user: User, comment: Comment) -> bool:
    return may(user, "talk.comment_remove", comment)
