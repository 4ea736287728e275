"""The figures of follow-through by team."""

from datetime import date

from actions.filters import FOLLOW_THROUGH
from actions.queries import follow_through as queries
from actions.queries.follow_through import FollowThrough
from lists.specification import Reader, Selection
from rest.follow_through import FollowThroughView


class FollowThroughByTeam(FollowThroughView):
    """Compare teams: how many actions they did in time, and how late the others were."""

    permission = {"GET": "actions.action_view"}
    spec = FOLLOW_THROUGH

    def period(self, selection: Selection, reader: Reader) -> tuple[date, date]:
        return queries.period(selection, reader)

    def figures(self, selection: Selection, reader: Reader) -> list[FollowThrough]:
        return queries.by_team(selection, reader)


RESOURCES: list = [("actions/follow-through", FollowThroughByTeam)]
