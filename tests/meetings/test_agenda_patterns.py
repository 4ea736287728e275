"""The agenda names patterns of breaches of its focus, and only what everyone may see."""

import pytest

from history import operations as history
from meetings.models import AgendaItem
from meetings.operations import agenda
from tests.factories import catalogue, people, signals
from tests.factories import meetings as make
from tests.moments import AT

pytestmark = pytest.mark.django_db
TITLE = "Recurring breaches"


def built(meeting):
    agenda.build(meeting, at=AT)
    return AgendaItem.objects.filter(meeting=meeting, title=TITLE).first()


def test_the_agenda_of_the_focus_names_the_pattern_once(client):
    team, (member, _) = make.crew()
    series = make.series(team)
    catalogue.model("fraud-score", owner_team=team)
    signals.alerts_at_night(days=12)

    quality, performance = make.planned(series), make.planned(series, 1)

    assert built(quality) is None  # drift belongs to the focus of model performance
    item = built(performance)
    assert item.why.startswith("Fraud score: recurring breaches from ")
    assert item.why.endswith("(by chance less than 1 in 1,000,000)")
    assert built(performance) == item
    client.force_login(member)
    page = client.get(f"/meetings/{performance.reference}/").content.decode()
    assert 'href="/signals/patterns/"' in page


def test_a_restricted_model_is_not_named():
    team, _ = make.crew()
    model = catalogue.model("fraud-score", owner_team=team)
    history.restrict(model.subject, {team.subject_id})
    signals.alerts_at_night(days=12)

    assert built(make.planned(make.series(team), 1)) is None


def test_a_model_of_a_team_that_does_not_take_part_is_not_named():
    team, _ = make.crew()
    catalogue.model("fraud-score", owner_team=people.team("Others"))
    signals.alerts_at_night(days=12)

    assert built(make.planned(make.series(team), 1)) is None
