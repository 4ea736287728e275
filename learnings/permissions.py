"""Who may read, write and publish learnings, and thank for outcomes."""

from typing import Any

from kit.rights import permission
from people.models import User
from people.permissions import may_read, may_write
from people.states import Role


@permission("learnings.learning_view")
def may_view(user: User, obj: Any) -> bool:
    return may_read(user)


@permission("learnings.feed_address", for_people=True)
def may_subscribe(user: User, obj: Any) -> bool:
    """See, create and end one's own address of the feed."""
    return may_read(user)


@permission("learnings.learning_mark_read", for_people=True)
def may_mark_read(user: User, obj: Any) -> bool:
    """Return True for any person, with a token that may write."""
    return may_write(user, Role.VIEWER)


@permission("learnings.learning_write", for_people=True)
def may_begin(user: User, obj: Any) -> bool:
    return may_write(user, Role.MEMBER)


@permission("learnings.learning_change", for_people=True)
def may_change(user: User, obj: Any) -> bool:
    """Return True for the author and risk managers; for every member if the draft has no author."""
    if obj is None or obj.author_id in (None, user.pk):
        return may_write(user, Role.MEMBER)
    return may_write(user, Role.RISK_MANAGER)


@permission("learnings.learning_use", for_people=True)
def may_use(user: User, obj: Any) -> bool:
    """Return True for every member. They also say whether a published learning worked, and vote for it.

    Who chooses the learning of the week ("learnings.week_choose") is in meetings/permissions.py.
    """
    return may_write(user, Role.MEMBER)


@permission("learnings.use_withdraw", for_people=True)
def may_withdraw_use(user: User, obj: Any) -> bool:
    """Return True for the person who used the learning, and for risk managers."""
    if obj is None or obj.user_id == user.pk:
        return may_write(user, Role.MEMBER)
    return may_write(user, Role.RISK_MANAGER)


@permission("learnings.recognition_view")
def may_view_recognitions(user: User, obj: Any) -> bool:
    return may_read(user)


@permission("learnings.recognition_give", for_people=True)
def may_thank(user: User, obj: Any) -> bool:
    return may_write(user, Role.MEMBER)


@permission("learnings.recognition_change", for_people=True)
def may_change_recognition(user: User, obj: Any) -> bool:
    """Return True for the author and risk managers."""
    if obj is None or obj.author_id == user.pk:
        return may_write(user, Role.MEMBER)
    return may_write(user, Role.RISK_MANAGER)


@permission("learnings.session_view")
def may_view_sessions(user: User, obj: Any) -> bool:
    return may_read(user)


@permission("learnings.session_plan", for_people=True)
def may_plan(user: User, obj: Any) -> bool:
    return may_write(user, Role.MEMBER)


@permission("learnings.session_change", for_people=True)
def may_change_session(user: User, obj: Any) -> bool:
    """Return True for who planned it, for the speaker and for risk managers."""
    if obj is None or user.pk in (obj.author_id, obj.speaker_id):
        return may_write(user, Role.MEMBER)
    return may_write(user, Role.RISK_MANAGER)


@permission("learnings.session_sign_up", for_people=True)
def may_sign_up(user: User, obj: Any) -> bool:
    """Return True for every person, also viewers."""
    return may_write(user, Role.VIEWER)


@permission("learnings.glossary_view")
def may_view_glossary(user: User, obj: Any) -> bool:
    """Allow everybody to read the glossary and the lessons."""
    return may_read(user)


@permission("learnings.glossary_change")
def may_change_glossary(user: User, obj: Any) -> bool:
    return may_write(user, Role.RISK_MANAGER)


@permission("learnings.lesson_take", for_people=True)
def may_take_lesson(user: User, obj: Any) -> bool:
    return may_write(user, Role.VIEWER)
