"""How many statements an answer takes: six a list of the API, eight a detail, fifteen a composed page.

Counted over the six weeks, with what every answer needs for its session, sight and shell. What is more than
that stands in MORE with its reason and its own bound; nothing else may join it unseen.
"""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history.models import Event
from meetings.models import Meeting
from meetings.states import MeetingState
from people.models import User
from riskhub.urls import RESOURCES
from tests.house import addresses

LIST, DETAIL, PAGE = 6, 8, 15
# page -> how many, and why it may
MORE: dict[str, int] = {
    "a breach": 22,  # evidence with its chart, and the panels of four rooms
    "a review": 19,  # evidence with its chart, the agenda, the learning and the escalation
    "a meeting_series": 16,  # the cycle, its people and the meetings to come
}


@pytest.fixture
def reader(six_weeks, client):
    user = User.objects.get(email="sofia@example.org")
    client.force_login(user)
    return client


def _count(client, url: str) -> int:
    """Statements of the second asking: the first fills what a process keeps."""
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        answer = client.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return len([one for one in asked if "SAVEPOINT" not in one["sql"]])


def test_a_list_of_the_api_takes_six_statements_however_long_it_is(reader):
    wrong = {}
    for address, view in RESOURCES:
        if "<" in address or "GET" not in view.permission or address == "points":
            continue
        counts = [_count(reader, f"/api/v1/{address}?limit={limit}") for limit in (1, 5, 50)]
        if max(counts) > LIST or len(set(counts[1:])) > 1:
            wrong[address] = counts

    assert wrong == {}


def test_a_detail_of_the_api_takes_eight_statements(reader):
    wrong = {}
    for address, view in RESOURCES:
        first, _, rest = address.partition("/")
        if "GET" not in view.permission or rest != "<str:key>":
            continue
        row = reader.get(f"/api/v1/{first}?limit=1").json()["results"][0]
        count = _count(reader, f"/api/v1/{first}/{row['id']}")
        if count > DETAIL:
            wrong[address] = count

    assert wrong == {}


def test_a_page_takes_fifteen_statements(reader):
    wrong = {}
    for name, url in _pages().items():
        count = _count(reader, url)
        if count > MORE.get(name, PAGE):
            wrong[name] = count

    assert wrong == {}


def _pages() -> dict[str, str]:
    """Lists and details of every room, each about what has most to show."""
    from django.urls import reverse

    from riskhub import links

    found = {
        one.name: reverse(one.name)
        for one in addresses.pages()
        if one.name.endswith(("_list", "_board", "inbox", "home")) and "mail" not in one.name
    }
    busiest: dict[str, tuple[int, object]] = {}
    for event in Event.objects.select_related("subject"):
        count = busiest.get(event.subject.kind, (0,))[0]
        known = (
            Event.objects.filter(subject=event.subject_id).count() if event.subject.kind in links.PAGES else 0
        )
        if known > count:
            busiest[event.subject.kind] = (known, event.subject)
    for kind, (_, subject) in busiest.items():
        url = links.PAGES[kind](subject)
        if "/id/" not in url and "ladder" not in url:
            found[f"a {kind}"] = url
    closed = Meeting.objects.filter(state=MeetingState.CLOSED).select_related("subject").first()
    found["minutes"] = reverse("meetings:meeting_minutes", args=[closed.reference])
    return found
