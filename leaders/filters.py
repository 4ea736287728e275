"""The list specification of goals."""

from django.db.models import Q

from leaders.states import GoalState, Measure
from lists import filtering
from lists.specification import Filter, ListSpec, Order
from people import queries as people
from people.models import Team, User


def _team_options(user: User) -> list[tuple[str, str]]:
    return list(Team.objects.visible_to(user).order_by("name__collated", "pk").values_list("slug", "name"))


GOALS = ListSpec(
    filters={
        "q": filtering.part("Text", "title", "A part of the title."),
        "state": filtering.choice("State", "state", GoalState),
        "measure": filtering.choice("Measure", "measure", Measure),
        "team": filtering.slug(
            "Team",
            "team",
            Team.objects.visible_to,
            options=_team_options,
            special_values=(("none", "The organisation"),),
            help="The slug of a team, or none for goals of the organisation.",
        ),
        "owner": filtering.person("Owner", "owner", people.options, names=people.names),
    },
    orders={
        "due_on": Order("Due first", ("due_on", "id")),
        "-due_on": Order("Due last", ("-due_on", "-id")),
        "title": Order("Title, A to Z", ("title__collated", "title", "id")),
        "-made_at": Order("Newest", ("-made_at", "-id")),
        "id": Order("Oldest", ("id",)),
        "-id": Order("By number, last first", ("-id",)),
    },
)

# The day and the team of the executive page.
EXECUTIVE = ListSpec(
    filters={
        "on": Filter(
            "Day",
            lambda values, reader: Q(on__lte=values[0]),
            filtering.day,
            is_many=False,
            help="A past day. By default today.",
            shape="date",
        ),
        "team": filtering.slug(
            "Team",
            "team",
            Team.objects.visible_to,
            options=_team_options,
            help="The slug of a team. By default the whole organisation.",
        ),
    },
    orders={"id": Order("Oldest", ("id",))},
    is_paged=False,
)

# The blocked actions that wait for the answer of the reader.
RAISED = ListSpec(
    filters={},
    orders={
        "raised_at": Order("Longest waiting", ("raised_at", "id")),
        "-raised_at": Order("Latest", ("-raised_at", "-id")),
    },
)

# The proposed acceptances that wait for the decision of the reader.
PROPOSED = ListSpec(
    filters={},
    orders={
        "proposed_at": Order("Longest waiting", ("proposed_at", "id")),
        "-proposed_at": Order("Latest", ("-proposed_at", "-id")),
    },
)

ALLOTMENTS = ListSpec(
    filters={"sponsor": filtering.person("Sponsor", "sponsor", people.options, names=people.names)},
    orders={"id": Order("Oldest", ("id",)), "-id": Order("Latest", ("-id",))},
)
