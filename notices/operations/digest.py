"""The weekly digest: due once a week in the time zone of each person, and mailed to those who want it."""

import re
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from history import operations as history
from history.claims import Tally
from history.models import Due, Event
from history.queries import changed_fields
from history.states import InDoubt, Work
from history.wiring import handler
from kit import locks
from kit.actor import Actor
from kit.locks import Lock
from kit.prepared import Argument, Prepared
from notices.models import Digest, Entry, Message
from notices.queries import digest as contents
from people import queries as people
from people.models import Membership, Organisation, User
from people.operations import person
from saved import queries as saved
from saved.states import Pace

DUE = "notices.digest"
VERB = DUE
DAY = timedelta(days=1)
BATCH = 1000


def _without_date() -> QuerySet[User]:
    upcoming = Due.objects.filter(kind=DUE, subject=OuterRef("subject"), at__gt=Argument("at"))
    return User.objects.active().filter(~Exists(upcoming)).order_by("pk")


_WITHOUT = Prepared(_without_date)  # every tick runs it, mostly for nothing


def schedule(at: datetime) -> Tally:
    """Create the next due date for each active person without one. Costs one query if all have one.

    It is a search of the tick (riskhub/schedule.py). The tally is empty, because it runs no work itself.
    """
    organisation = people.organisation()
    if organisation is None:
        return Tally()
    history.put_dues(
        (DUE, user.subject_id, week_of(slot), slot)
        for user in _WITHOUT.rows(at=at)
        for slot in [next_slot(user, organisation, at)]
    )
    return Tally()


def next_slot(user: User, organisation: Organisation, at: datetime) -> datetime:
    """Return the first moment after `at` with the organisation's weekday and hour, in the user's zone."""
    zone = user.zone(organisation)
    today = at.astimezone(zone).date()
    day = today + timedelta(days=(organisation.digest_weekday - today.weekday()) % 7)
    slot = datetime.combine(day, organisation.digest_at, tzinfo=zone)
    return (
        slot if slot > at else datetime.combine(day + timedelta(days=7), organisation.digest_at, tzinfo=zone)
    )


@handler("notices.digest.replan")
@transaction.atomic
def on_time_changed(event: Event, *, at: datetime) -> None:
    """Move pending digests after a change of the organisation's digest day or hour, or of a time zone.

    A person gets at most one digest a week. If this week's digest was sent, the next one comes a week later.
    """
    found = people.organisation()
    if found is None or not changed_fields(event) & {"time_zone", "digest_weekday", "digest_at"}:
        return
    readers = User.objects.active()
    if event.verb == "people.person_changed":
        readers = readers.filter(subject_id=event.subject_id)
    by_subject = {user.subject_id: user for user in readers}
    made = set(Digest.objects.filter(user__in=readers, made_at__gt=at - 15 * DAY).values_list("user", "week"))

    def planned(due: Due) -> tuple[str, datetime]:
        user = by_subject[due.subject_id]
        slot = next_slot(user, found, at)
        while (user.pk, week_of(slot)) in made:
            slot += 7 * DAY
        return week_of(slot), slot

    history.replan_dues(by_subject, DUE, to=planned)


def slot_of(user: User, week: str) -> datetime | None:
    """Return the moment of a person's digest in an ISO week, such as "2026-W48"; None for another text.

    Weeks before the year 1000 or after 2999 do not count: the weeks around one stay within the calendar.
    """
    organisation = people.organisation()
    if organisation is None or not re.fullmatch(r"[12][0-9]{3}-W[0-9]{2}", week):
        return None
    try:
        day = date.fromisocalendar(int(week[:4]), int(week[-2:]), organisation.digest_weekday + 1)
    except ValueError:
        return None
    return datetime.combine(day, organisation.digest_at, tzinfo=user.zone(organisation))


def week_of(slot: datetime) -> str:
    """Return the ISO week of a moment in its own time zone, such as "2026-W48"."""
    year, week, _ = slot.isocalendar()
    return f"{year}-W{week:02}"


@transaction.atomic
def make(due: Due, *, at: datetime) -> None:
    """Create the digest of one person for one week, and those of up to 1,000 others that are due with it.

    Handles the due kind notices.digest. The number of queries does not depend on the number of people, and
    the due dates of the others find their digests written. It always creates the digest, so that the pages
    have no gap. A week without changes is not mailed.
    """
    locks.wait_for(Lock.DIGESTS, due.occurrence)  # another worker may write those of the same week
    readers = _readers(due)
    if not readers:
        return
    since = [(user, contents.since_of(user.last_at, at)) for user in readers]
    without_views = {user.pk for user in readers if not user.has_views}
    written = contents.contents_for(since, at=at, without_views=without_views)
    made = Digest.objects.bulk_create(
        [
            Digest(
                user=user,
                week=due.occurrence,
                made_at=at,
                since=start,
                title=f"Model risk, week {int(due.occurrence[-2:])}",
                content=written[user.pk],
            )
            for user, start in since
            if user.pk in written
        ]
    )
    of_user = Digest.objects.filter(user=OuterRef("user"), week=due.occurrence).values("pk")[:1]
    Entry.objects.filter(user__in=readers, digest__isnull=True, at__lte=at).update(digest=Subquery(of_user))
    Message.objects.bulk_create(
        Message(
            key=f"digest:{digest.user_id}:{digest.week}",
            user=digest.user,
            verb=VERB,
            digest=digest,
            policy=InDoubt.PARK,
            made_at=at,
        )
        for digest in made
        if digest.user.is_digest_wanted
        and not digest.user.is_mail_refused
        and not contents.is_quiet(digest.content)
    )


def _readers(due: Due) -> list[Any]:
    """Return who gets a digest now: the person of this due date, and those of others at the same moment.

    Each is loaded with their sight, their teams, `last_at`: the moment of their last digest, and `has_views`:
    whether they subscribe to a view. People who have a digest of this week are left out.
    """
    same = Due.objects.filter(
        kind=DUE, at=due.at, occurrence=due.occurrence, state__in=(Work.PENDING, Work.CLAIMED)
    )
    made = Digest.objects.filter(user=OuterRef("pk"), week=due.occurrence)
    last = Digest.objects.filter(user=OuterRef("pk")).order_by("-made_at", "-id")
    teams = Membership.objects.filter(user=OuterRef("pk")).values("team_id")
    rows: Any = User.objects.active().with_sight().filter(~Exists(made))
    rows = rows.annotate(
        last_at=Subquery(last.values("made_at")[:1]),
        their_teams=ArraySubquery(teams),
        has_views=saved.has_subscriptions(OuterRef("pk"), Pace.DIGEST),
    )
    chosen = rows.filter(Q(subject=due.subject_id) | Q(subject__in=same.values("subject")))
    found = list(chosen.select_related("subject").order_by("pk")[:BATCH])
    if due.subject_id not in {user.subject_id for user in found}:
        found += chosen.filter(subject=due.subject_id)
    for user in found:
        user.team_ids = tuple(user.their_teams)
    return found


def stop(user: User, *, by: Actor, at: datetime) -> User:
    """Stop the digests by mail. They stay readable on pages."""
    return person.change(user, {"is_digest_wanted": False}, by=by, at=at)


def resume(user: User, *, by: Actor, at: datetime) -> User:
    return person.change(user, {"is_digest_wanted": True}, by=by, at=at)
