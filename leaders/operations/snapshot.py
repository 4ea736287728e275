"""Take the snapshot of a day, and derive those of past days from history."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction

from history import operations as history
from history.claims import Tally
from kit.actor import SYSTEM
from leaders import tallies
from leaders.models import Goal, NightlyFigures, NightlySnapshot
from leaders.queries import counts, medians, past_risks, present_risks, time_spent
from leaders.states import Gap, GoalState, Measure
from leaders.tallies import OPEN, RiskCell, Scope, Tallies, TopRisk
from people import queries as people

LONGEST = timedelta(days=3653)


def take_due(at: datetime) -> Tally:
    """Take the snapshot of today if nobody has. Safe to run any number of times, also at once."""
    done = Tally()
    ours = people.organisation()
    if ours is None or NightlySnapshot.objects.filter(on=at.astimezone(ours.zone).date()).exists():
        return done
    done.done += take(at)
    return done


@transaction.atomic
def take(at: datetime) -> bool:
    """Take the snapshot of the present. Return False if there is one of this day."""
    day = people.local_day(at)
    snapshot, is_new = NightlySnapshot.objects.get_or_create(on=day, defaults={"at": at})
    if not is_new:
        return False
    figures = _collected(at, day, present_risks.cells(), present_risks.top(at))
    _store(snapshot, figures)
    _start_goals({team: row for (scope, team), row in figures.items() if scope == OPEN}, at=at)
    return True


def take_past(since: date, *, at: datetime, every: int = 1) -> list[date]:
    """Derive the snapshots of the days from `since` to yesterday that do not exist. Return these days.

    Each describes the first moment of its day, in the time zone of the organisation. A day is one
    transaction, so an interrupted run is continued by the next. every: 7 derives one day a week, back from
    a week before today.
    """
    today, zone = people.local_day(at), people.zone_of(None)
    known = set(NightlySnapshot.objects.filter(on__gte=since).values_list("on", flat=True))
    days = [today - timedelta(days=back) for back in range(every, (today - since).days + 1, every)]
    missing = [day for day in days if day not in known]
    risks = past_risks.PastRisks() if missing else None
    for day in missing:
        assert risks is not None  # there are missing days
        moment = datetime.combine(day, time(), zone)
        risks.go_back(moment)
        with transaction.atomic():
            defaults = {"at": moment, "is_derived": True, "gaps": Gap.values}
            snapshot, is_new = NightlySnapshot.objects.get_or_create(on=day, defaults=defaults)
            if is_new:
                _store(snapshot, _collected(moment, day, risks.sums(), risks.top(moment)))
    return missing


def _collected(
    at: datetime,
    day: date,
    cells: Mapping[RiskCell, tallies.Sum],
    top: Mapping[tuple[Scope, int | None], Iterable[TopRisk]],
) -> dict[tuple[Scope, int | None], dict[str, Any]]:
    """Return the figures of each scope and team."""
    found = Tallies()
    found.rows[OPEN, None] = {}  # also of an empty register
    found.add_risks(cells)
    for (scope, team), risks in top.items():
        found.add_top(scope, team, risks)
    for name, counted in counts.all_counts(at, day).items():
        for scope, team, number in counted:
            found.count(name, scope, number, team)
    for name, scope, team, number in counts.attendance(at):
        found.count(name, scope, number, team)
    for name, scope, team, number in (*time_spent.time_spent(at), *time_spent.sponsors_present(at)):
        found.count(name, scope, number, team)
    for function, scope, team, number in counts.facilitated(at):
        found.count_key("facilitated", function, scope, number, team)
    for name, month, scope, team, number in counts.incidents_by_month(at):
        found.count_key(name, month, scope, number, team)
    for name, of_teams in medians.medians(at).items():
        for team, figure in of_teams.items():
            found.rows[OPEN, team].setdefault("medians", {})[name] = figure
    if (answered := time_spent.answer_median(at))[0]:
        found.rows[OPEN, None].setdefault("medians", {})["answer"] = answered
    return found.rows


def _store(snapshot: NightlySnapshot, rows: Mapping[tuple[Scope, int | None], dict[str, Any]]) -> None:
    NightlyFigures.objects.bulk_create(
        [
            NightlyFigures(
                snapshot=snapshot,
                team_id=team,
                viewers=None if viewers is None else list(viewers),
                granted=list(granted),
                figures=figures,
            )
            for ((viewers, granted), team), figures in rows.items()
        ],
        batch_size=500,
    )


def _start_goals(figures: Mapping[int | None, Mapping[str, Any]], *, at: datetime) -> None:
    """Give each open goal without a start the figure of its first snapshot."""
    goals = Goal.objects.filter(state=GoalState.OPEN, start__isnull=True).exclude(measure=Measure.TYPED)
    for goal in goals.select_for_update(of=("self",)).order_by("pk"):
        figure = tallies.figure_of(goal.measure, figures.get(goal.team_id, {}))
        if figure is not None:
            history.change(goal, {"start": figure}, by=SYSTEM, at=at, verb="leaders.goal_changed")
