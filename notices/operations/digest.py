"""The weekly digest: due once a week in the time zone of each person, and mailed to those who want it."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from history import operations as history
from history.claims import Tally
from history.models import Due, Event
from history.queries import changed_fields
from history.states import InDoubt
from history.wiring import handler
from kit.actor import Actor
from notices.models import Digest, Message
from notices.queries import digest as contents
from people import queries as people
from people.models import Organisation, User
from people.operations import person

DUE = "notices.digest"
VERB = DUE
DAY = timedelta(days=1)


def schedule(at: datetime) -> Tally:
    """Create the next due date for each active person without one. Costs one query if all have one.

    It is a step of the tick (riskhub/schedule.py). The tally is empty, because it runs no work itself.
    """
    organisation = people.organisation()
    if organisation is None:
        return Tally()
    to_come = Due.objects.filter(kind=DUE, subject=OuterRef("subject"), at__gt=at)
    without = User.objects.active().filter(~Exists(to_come)).order_by("pk")
    history.put_dues(
        (DUE, user.subject_id, week_of(slot), slot)
        for user in without
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


def week_of(slot: datetime) -> str:
    """Return the ISO week of a moment in its own time zone, such as "2026-W48"."""
    year, week, _ = slot.isocalendar()
    return f"{year}-W{week:02}"


@transaction.atomic
def make(due: Due, *, at: datetime) -> None:
    """Create the digest of one person for one week. Handles the due kind notices.digest.

    It always creates the digest, so that the pages have no gap. A week without changes is not mailed.
    """
    user = User.objects.select_related("subject").get(subject_id=due.subject_id)
    if not user.is_active:
        return
    since = contents.since(contents.last_of(user), at)
    content = contents.content_for(user, since=since, at=at)
    digest = Digest.objects.create(
        user=user,
        week=due.occurrence,
        made_at=at,
        since=since,
        title=f"Model risk, week {int(due.occurrence[-2:])}",
        content=content,
    )
    contents.undigested(user, at).update(digest=digest)
    if user.is_digest_wanted and not user.is_mail_refused and not contents.is_quiet(content):
        Message.objects.bulk_create(
            [
                Message(
                    key=f"digest:{user.pk}:{digest.week}",
                    user=user,
                    verb=VERB,
                    digest=digest,
                    policy=InDoubt.PARK,
                    made_at=at,
                )
            ]
        )


def stop(user: User, *, by: Actor, at: datetime) -> User:
    """Stop the digests by mail. They stay readable on pages."""
    return person.change(user, {"is_digest_wanted": False}, by=by, at=at)


def resume(user: User, *, by: Actor, at: datetime) -> User:
    return person.change(user, {"is_digest_wanted": True}, by=by, at=at)
