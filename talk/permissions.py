"""Who may read, write, change and remove comments and files, and watch objects."""

from typing import Any

from kit.rights import permission
from people.models import User
from people.permissions import may_read, may_write
from people.states import Role


@permission("talk.comment_view")
def may_view(user: User, obj: Any) -> bool:
    return may_read(user)


@permission("talk.comment_add")
def may_add(user: User, obj: Any) -> bool:
    return may_write(user)


@permission("talk.comment_change")
def may_change(user: User, obj: Any) -> bool:
    """Allow authors to edit their comments."""
    return may_write(user) and (obj is None or obj.author_id == user.pk)


@permission("talk.comment_remove")
def may_remove(user: User, obj: Any) -> bool:
    """Allow authors to remove their comments, and administrators to remove any."""
    return may_change(user, obj) or may_write(user, Role.ADMINISTRATOR)


@permission("talk.comment_restore")
def may_restore(user: User, obj: Any) -> bool:
    """Allow people to restore a comment that they removed, and administrators any.

    So the author does not restore what an administrator removed. For a posted comment the author may try,
    and reads that it is not removed.
    """
    is_own = obj is None or (obj.removed_by_id or obj.author_id) == user.pk
    return may_write(user) and (is_own or may_write(user, Role.ADMINISTRATOR))


@permission("talk.file_view")
def may_view_file(user: User, obj: Any) -> bool:
    return may_read(user)


@permission("talk.file_add")
def may_add_file(user: User, obj: Any) -> bool:
    return may_write(user)


@permission("talk.file_remove")
def may_remove_file(user: User, obj: Any) -> bool:
    """Allow people to remove the files that they attached, and administrators to remove any."""
    is_own = obj is None or obj.author_id == user.pk
    return may_write(user) and (is_own or may_write(user, Role.ADMINISTRATOR))


@permission("talk.file_restore")
def may_restore_file(user: User, obj: Any) -> bool:
    """Allow people to restore a file that they removed, and administrators any, as for comments."""
    return may_restore(user, obj)


@permission("talk.tag_view")
def may_view_tags(user: User, obj: Any) -> bool:
    return may_read(user)


@permission("talk.tag_change")
def may_change_tags(user: User, obj: Any) -> bool:
    """Allow risk managers and administrators to rename, merge and retire tags."""
    return may_write(user, Role.RISK_MANAGER)


@permission("talk.comment_react", for_people=True)
def may_react(user: User, obj: Any) -> bool:
    return may_write(user)


@permission("talk.watch", for_people=True)
def may_watch(user: User, obj: Any) -> bool:
    return may_write(user)
