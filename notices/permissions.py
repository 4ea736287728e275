"""Permissions of notices: each person sees their own inbox and digests, administrators mail and webhooks."""

from typing import Any

from kit.rights import permission
from people.models import User
from people.permissions import may_read, may_write
from people.states import Role


@permission("notices.inbox_view", for_people=True)
def may_view_inbox(user: User, obj: Any) -> bool:
    """Allow only the user's own entries and digests. obj: an entry or a digest."""
    return may_read(user) and (obj is None or obj.user_id == user.pk)


@permission("notices.webhook_view")
def may_view_webhooks(user: User, obj: Any) -> bool:
    """Allow administrators: a webhook sends what its owner may see to another system."""
    return may_read(user) and user.is_at_least(Role.ADMINISTRATOR)


@permission("notices.webhook_change")
def may_change_webhooks(user: User, obj: Any) -> bool:
    return may_write(user, Role.ADMINISTRATOR)


@permission("notices.mail_view")
def may_view_mail(user: User, obj: Any) -> bool:
    return may_write(user, Role.ADMINISTRATOR)


@permission("notices.sending_start")
def may_start_sending(user: User, obj: Any) -> bool:
    """Allow administrators to start sending after a restore."""
    return may_write(user, Role.ADMINISTRATOR)
