"""The recipients of events about comments, and the rule of every room whose objects are watched."""

from history.models import Event
from history.queries import present_data
from history.recipients import everyone, in_group
from history.states import NewsGroup
from talk.models import Comment
from talk.queries import watch


def mentioned(event: Event) -> dict[int, str]:
    """Return the people whom the comment mentions, unless it was removed."""
    data = present_data(event)
    comment = Comment.objects.filter(pk=data["comment"]).first()
    still = set(comment.mentioned) if comment and not comment.is_removed else set()
    return everyone([pk for pk in data["people"] if pk in still], "You are mentioned in a comment")


@in_group(NewsGroup.FOLLOWED)
def watchers(event: Event) -> dict[int, str]:
    """Return the people who watch the object."""
    return everyone(watch.watcher_ids(event.subject_id), "You watch it")
