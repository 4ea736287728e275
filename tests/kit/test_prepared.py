"""Statements that are compiled once: each run has its own values, rows and connection."""

from threading import Thread

import pytest
from django.db import connection
from django.db.models import Count
from django.test.utils import CaptureQueriesContext

from kit.prepared import Argument, Prepared
from people.models import Membership, Team, User
from tests.factories import people

pytestmark = pytest.mark.django_db


def _of_name() -> Prepared[User]:
    return Prepared(
        lambda: User.objects.select_related("subject").filter(name=Argument("name")).order_by("pk")
    )


def test_each_run_has_its_own_values_and_sees_present_rows():
    named = _of_name()
    ana = people.user(name="Ana")

    assert (named.rows(name="Ana"), named.first(name="Ben")) == ([ana], None)
    ben = people.user(name="Ben")
    assert (named.first(name="Ben"), named.first(name="Ana")) == (ben, ana)


def test_a_run_gives_objects_of_its_own_with_their_relations_in_one_statement():
    named = _of_name()
    people.user(name="Ana")
    first = named.first(name="Ana")

    with CaptureQueriesContext(
        connection,
    ) as queries:
        second = named.first(name="Ana")
        assert second.subject.title == "Ana"

    assert len(queries) == 1
    assert first is not second and first.subject is not second.subject


def test_it_is_compiled_once():
    built = []

    def build():
        built.append(1)
        return User.objects.filter(pk=Argument("pk"))

    by_key = Prepared(build)
    for user in (people.user(), people.user()):
        assert by_key.first(pk=user.pk) == user

    assert built == [1]


def test_values_and_limits_and_joins_are_kept():
    ana, team = people.user(name="Ana"), people.team("Fraud")
    people.member(team, ana)
    sizes = Prepared(
        lambda: (
            Membership.objects.filter(team__name=Argument("team"))
            .order_by()
            .values_list("team_id")
            .annotate(n=Count("id"))
            .values_list("team_id", "n")[:1]
        )
    )

    assert sizes.rows(team="Fraud") == [(team.pk, Membership.objects.filter(team=team).count())]
    assert sizes.rows(team="Nobody") == []


def test_a_missing_value_is_named():
    with pytest.raises(KeyError, match="name"):
        _of_name().rows(nme="Ana")


@pytest.mark.django_db(transaction=True)
def test_each_thread_uses_its_own_connection():
    by_slug = Prepared(lambda: Team.objects.filter(slug=Argument("slug")))
    team = people.team("Fraud")
    assert by_slug.first(slug=team.slug) == team
    rows, used = [], []

    def run() -> None:
        with CaptureQueriesContext(connection) as queries:
            rows.append(by_slug.first(slug=team.slug))
        used.append(len(queries))
        connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()

    assert (rows, used) == ([team], [1])
