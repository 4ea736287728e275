"""A sample after six weeks of life that `tick --at` moved ahead: no page shows another time."""

import re
from datetime import datetime, timedelta

import pytest
from django.core.management import call_command

from people.models import User
from people.states import Role
from tests.conftest import AT

pytestmark = pytest.mark.django_db
MOVED = AT + timedelta(days=11)
PAGES = (
    "/",
    "/notices/",
    "/notices/digest/",
    "/notices/mail/",
    "/risks/",
    "/risks/reviews/",
    "/risks/escalations/",
    "/signals/breaches/",
    "/actions/",
    "/actions/board/",
    "/meetings/",
    "/meetings/decisions/",
    "/learnings/",
    "/models/",
    "/people/",
    "/signals/sources/",
)
LIVE_TIME = re.compile(r'<time[^>]*datetime="([^"]+)"[^>]*data-relative[^>]*>([^<]*)</time>')


def wrong_times(html: str) -> list[str]:
    """Return the relative times that do not fit the moved time, and "since" before a future time."""
    wrong = [
        f"{words} for {moment}"
        for moment, words in LIVE_TIME.findall(html)
        if words.startswith("in ") and datetime.fromisoformat(moment) <= MOVED
    ]
    text = re.sub(r"<[^>]+>", " ", html)
    return wrong + re.findall(r"since\s+in \d+ \w|-\d+ (?:d|h|min)\b", text)


def test_no_page_of_a_moved_sample_has_another_time(client, six_weeks):
    call_command("tick", at=MOVED.isoformat())
    administrator = User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).first()
    client.force_login(administrator)
    addresses = [*PAGES, *(f"/risks/R-{number}/" for number in range(1, 6))]

    wrong, shown = {}, 0
    for address in addresses:
        html = client.get(address).content.decode()
        shown += len(LIVE_TIME.findall(html))
        if found := wrong_times(html):
            wrong[address] = found
        assert f'data-now="{MOVED.isoformat(timespec="seconds")}"' in html, address

    assert wrong == {}
    assert shown > 50
