"""The figures of follow-through by meeting series."""

from datetime import date

from actions.queries import follow_through
from actions.queries.follow_through import SPEC, FollowThrough
from lists.specification import Reader, Selection
from meetings.queries.follow_through import by_series
from rest.follow_through import FollowThroughView


class FollowThroughBySeries(FollowThroughView):
    """Compare meeting series: how many of their actions were done in time, and how late the others were."""

    permission = {"GET": "meetings.meeting_view"}
    spec = SPEC

    def period(self, selection: Selection, reader: Reader) -> tuple[date, date]:
        return follow_through.period(selection, reader)

    def figures(self, selection: Selection, reader: Reader) -> list[FollowThrough]:
        return by_series(selection, reader)


RESOURCES: list = [("meeting-series/follow-through", FollowThroughBySeries)]
