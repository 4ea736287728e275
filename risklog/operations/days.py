"""The days of the organisation: on which day a moment is, and when a day begins."""

from datetime import UTC, date, datetime, time

from people import queries as people


def moment_of(day: date) -> datetime:
    """Return when a day begins at the organisation, in UTC; at 9:00 before it is set up."""
    organisation = people.organisation()
    starts_at = organisation.day_starts_at if organisation else time(9)
    return datetime.combine(day, starts_at, tzinfo=people.zone_of(None)).astimezone(UTC)


def day_of(at: datetime) -> date:
    """Return the day at the organisation."""
    return at.astimezone(people.zone_of(None)).date()
