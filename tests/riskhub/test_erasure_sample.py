"""A person of the sample, who took part in everything for six weeks, is erased without a trace."""

from datetime import timedelta

from history import chain
from kit.actor import SYSTEM, Actor
from meetings.models import Meeting
from people.models import User
from riskhub.erasure import operations
from riskhub.leaving import operations as leaving
from tests.conftest import AT


def test_a_person_of_the_sample_is_erased_without_a_trace(six_weeks_database, db):
    boss = User.objects.get(email="admin@example.org")
    sofia, ana = User.objects.get(email="sofia@example.org"), User.objects.get(email="ana@example.org")
    leaving.hand_over(sofia, to=ana, deactivates=True, by=Actor(boss, "page"), at=AT)
    assert Meeting.objects.filter(why__contains=sofia.name).exists()

    report = operations.erase(sofia, by=SYSTEM, at=AT + timedelta(days=1))

    assert report.remaining == []
    assert sum(report.replaced.values()) > 50
    assert chain.verify().broken_at is None
