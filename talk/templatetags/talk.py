"""The timeline of an object with its comments: {% conversation risk %}."""

from typing import Any

from django import template
from django.utils.safestring import SafeString

from history.models import Recorded
from kit import references
from kit.kinds import url_of
from kit.refusals import Refused
from kit.rights import may
from pages import markup
from people.models import User
from talk.mentions import linker
from talk.models import Comment
from talk.queries.comment import ShownReaction, mentioned_people, reactions_of
from talk.queries.conversation import SHOWN, conversation
from talk.queries.tag import suggested

register = template.Library()


@register.inclusion_tag("talk/_conversation.html", takes_context=True, name="conversation")
def show_conversation(context: Any, obj: Recorded) -> dict[str, Any]:
    """Return what the timeline of an object needs; with the events of what belongs to it (obj.related).

    The address says ?timeline=comments or changes, ?earlier=<cursor>, or ?comment=<id> or ?event=<id> for the
    page that has a comment or an event. A cursor that is not valid shows the newest page.
    """
    request = context["request"]
    user, subject = request.user, obj.subject
    shown = request.GET.get("timeline", "all")
    shown = shown if shown in SHOWN else "all"
    earlier = request.GET.get("earlier") or None
    at = {name: references.as_id(request.GET.get(name, "")) for name in ("comment", "event")}
    try:
        found = conversation(user, obj, shown=shown, before=earlier, **at)
    except Refused:
        found = conversation(user, obj, shown=shown)
    return {
        "request": request,
        "subject": subject,
        "conversation": found,
        "is_earlier": found.is_earlier,
        "shown": shown,
        "tabs": SHOWN.items(),
        "watching": found.watching if may(user, "talk.watch") else None,
        "may_comment": may(user, "talk.comment_add"),
        "user": user,
    }


@register.inclusion_tag("talk/_tag_names.html", takes_context=True)
def tag_suggestions(context: Any) -> dict[str, Any]:
    """Return the tags that a field with `list="tag-names"` suggests."""
    return {"names": suggested(context["request"].user)}


@register.filter
def comment_html(comment: Comment) -> SafeString:
    """Return the text of a comment of with_mentioned() as HTML, its mentions as links to the people."""
    people = {handle: (name, url_of(subject)) for handle, name, subject in mentioned_people(comment)}
    return markup.html_of(comment.text, linker(people))


@register.filter
def reactions(comment: Comment, user: User) -> list[ShownReaction]:
    """Return each kind of reaction to a comment, as this person sees it."""
    return reactions_of(comment, user)


@register.filter
def may_react(user: User, comment: Comment) -> bool:
    return may(user, "talk.comment_react", comment) and not comment.is_removed


@register.filter
def may_change_comment(user: User, comment: Comment) -> bool:
    return may(user, "talk.comment_change", comment)


@register.filter
def may_remove_comment(user: User, comment: Comment) -> bool:
    return may(user, "talk.comment_remove", comment) and not comment.is_removed


@register.filter
def may_restore_comment(user: User, comment: Comment) -> bool:
    return may(user, "talk.comment_restore", comment) and comment.is_removed
