"""Who is asked or notified may see the object and its subject: history records the grants."""

from collections.abc import Iterable
from datetime import datetime

from history import operations as history
from history.models import Subject
from history.operations import GrantReason
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from people.models import Team, User
from people.states import Role
from risklog.models import Escalation, Review, Risk


def chain(subject: Subject) -> list[Subject]:
    """Return a subject and, for a review, also the subject that readers need to understand the review."""
    if subject.kind != Review.KIND:
        return [subject]
    return [subject, *Subject.objects.filter(pk__in=Review.objects.filter(subject=subject).values("about"))]


def show_to_reviewers(
    review: Review, people: Iterable[User], subjects: Iterable[Subject], *, at: datetime, reason: GrantReason
) -> None:
    """Let reviewers see `subjects`: the review and its subject."""
    history.grant_sight(
        subjects,
        people,
        reason=reason,
        source=review.subject,
        by=SYSTEM,
        at=at,
        why="asked to review",
    )


def check_asking(about: Subject, user: User, *, by: Actor) -> None:
    """Raise Refused if asking a person would show them something that the actor may not show them.

    Asking grants sight. Who does not see a restricted object is asked by its owner, by the lead of a team
    that sees it, or by a risk manager.
    """
    if by.person is None or about.is_visible_to(user) or _may_show(about, by.person):
        return
    raise Refused(
        f"{user.name} does not see {about.reference or 'this'}, and would by being asked. Ask its owner, the"
        " lead of a team that sees it, or a risk manager to do it, or choose somebody who sees it.",
        field="user",
    )


def _may_show(about: Subject, person: User) -> bool:
    """Return True for a risk manager, the owner of the risk, and the leads of the teams that see it."""
    if person.is_at_least(Role.RISK_MANAGER):
        return True
    if Risk.objects.filter(subject=about.scope_id, owner=person).exists():
        return True
    return Team.objects.filter(subject__in=about.viewers or (), lead=person).exists()


def show_to_author(subject: Subject, *, by: Actor, at: datetime) -> None:
    """Let a person see the review or escalation that their request was added to, if they cannot yet."""
    if by.person is not None:
        history.grant_sight(
            [subject], [by.person], reason=GrantReason.AUTHOR, by=by, at=at, why="requested it"
        )


def show_to(
    escalation: Escalation, people: Iterable[User], *, at: datetime, reason: GrantReason = GrantReason.CALLED
) -> None:
    """Let people see the escalation, its subject, and for a review also the subject of the review."""
    history.grant_sight(
        _shown(escalation),
        people,
        reason=reason,
        source=escalation.subject,
        by=SYSTEM,
        at=at,
        why="notified by the escalation ladder",
    )


def show_no_more_to(escalation: Escalation, person: User, *, at: datetime) -> None:
    """End the sight that a person had as the assignee. A person who was notified by a rung keeps theirs."""
    history.end_sight(
        _shown(escalation),
        [person],
        reason=GrantReason.HOLDER,
        source=escalation.subject,
        by=SYSTEM,
        at=at,
        why=f"handed over {escalation.reference}",
    )


def _shown(escalation: Escalation) -> list[Subject]:
    return [escalation.subject, *chain(escalation.about)]


def as_keys(stand_ins: dict[int, int]) -> dict[str, int]:
    """Return the stand-ins with text keys, as JSON needs them: id of the stand-in -> id of the absent one."""
    return {str(stand_in): absent for stand_in, absent in stand_ins.items()}
