"""Search documents are updated with every change, in its transaction and without an additional statement."""

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from history import documents
from history import operations as history
from history.models import Event, SearchDocument, Subject
from kit import kinds
from kit.actor import SYSTEM
from kit.refusals import Refused
from meetings.models import AgendaItem
from people.models import Organisation
from people.operations import organisation
from riskhub.search import find
from risklog.models import Reviewer
from tests.factories import actions, meetings, people, risklog_review, risks

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    people.organisation()
    return people.user("Ana")


def titles(user, text) -> list[str]:
    return [row.title for row in find(user, text).order_by("-fit", "pk")]


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"title": "About quokkas"}, "quokka"),
        ({"description": "The quokka jumps"}, "quokka"),
        ({"description": "They yodelled"}, "yodelling"),
        ({"tags": ["quokka-tag"]}, "quokka-tag"),
        ({"affected": "Quokkas"}, "quokka"),
    ],
)
def test_a_risk_is_found_by_its_texts(ana, fields, word):
    risk = risks.risk(**fields)

    assert titles(ana, word) == [risk.title]


def test_an_object_is_found_by_the_names_of_its_people(ana):
    action = actions.action("Plain", owner=people.user("Zenobia Quokka"))

    assert action.title in titles(ana, "zenobia")


def test_a_title_counts_more_than_a_text(ana):
    risks.risk("Plain", description="zanzibar")
    risks.risk("The zanzibar one")

    assert titles(ana, "zanzibar") == ["The zanzibar one", "Plain"]


def test_a_change_is_found_and_what_was_there_before_is_not(ana, at):
    action = actions.action("Plain", details="zanzibar")

    history.change(action, {"details": "quokka"}, by=SYSTEM, at=at)

    assert (titles(ana, "quokka"), titles(ana, "zanzibar")) == (["Plain"], [])


def test_a_title_that_changes_is_found(ana, at):
    action = actions.action("Zanzibar", details="quokka")
    history.change(action, {"title": "Wombat"}, by=SYSTEM, at=at)
    history.retitle(action)

    assert (titles(ana, "wombat"), titles(ana, "zanzibar"), titles(ana, "quokka")) == (
        ["Wombat"],
        [],
        ["Wombat"],
    )


def test_what_is_rolled_back_is_not_found(ana, at):
    action = actions.action("Plain")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        history.change(action, {"details": "quokka"}, by=SYSTEM, at=at)
        raise ZeroDivisionError

    assert titles(ana, "quokka") == []


def test_it_costs_no_statement_more(ana, at):
    action = actions.action("Plain")

    def statements(values) -> int:
        with CaptureQueriesContext(connection) as queries:
            history.change(action, values, by=SYSTEM, at=at)
        return len(queries)

    assert statements({"details": "quokka"}) == statements({"effort": "m"})
    assert titles(ana, "quokka") == ["Plain"]


def test_many_at_once_have_their_documents(ana, at):
    pairs = [(actions.action(f"Plain {number}"), {"details": "quokka"}) for number in range(3)]

    history.change_many(pairs, by=SYSTEM, at=at)

    assert len(titles(ana, "quokka")) == 3


def test_notes_of_a_meeting_are_found_with_it_but_not_those_on_an_object(ana, at):
    meeting = meetings.live()
    item = meetings.item(meeting, title="Free topic")
    history.change(item, {"notes": "quokka"}, by=SYSTEM, at=at)
    hidden = risks.restricted("Secret", people.team())
    other = AgendaItem(meeting=meeting, about=hidden.subject, title="Zanzibar", notes="wombat", rank=99)
    history.record(other, "meetings.item_added", by=SYSTEM, at=at)

    assert [row.kind for row in find(ana, "quokka")] == ["meeting"]
    assert (titles(ana, "zanzibar"), titles(ana, "wombat")) == ([], [])


def test_the_note_of_a_reviewer_is_found_with_the_review(ana, at):
    review = risklog_review.review()
    reviewer = Reviewer.objects.filter(review=review).first() or Reviewer(
        review=review, user=ana, asked_at=at
    )
    if reviewer.pk is None:
        history.record(reviewer, "risklog.reviewer_asked", by=SYSTEM, at=at)
    history.change(reviewer, {"note": "quokka"}, by=SYSTEM, at=at)

    assert [row.kind for row in find(ana, "quokka")] == ["review"]


def test_the_name_of_a_restricted_model_is_not_found_with_an_open_risk(ana):
    hidden = risks.model("Zanzibar", viewers=[people.team().subject_id])
    risk = risks.risk("Plain", model=hidden)
    history.restrict(risk.subject, None)

    assert titles(ana, "plain") == ["Plain"]
    assert titles(ana, "zanzibar") == []


def test_who_raised_a_risk_is_not_in_its_document(ana):
    risks.risk("Plain", person=people.user("Zenobia"))

    assert titles(ana, "zenobia") == ["Zenobia"]


def test_a_long_text_is_cut(ana):
    risks.risk("Plain", description="word " * 20_000 + "quokka")

    assert titles(ana, "quokka") == []
    assert titles(ana, "word") == ["Plain"]


def test_every_kind_has_documents_that_can_be_built():
    for kind in kinds.searchable():
        with connection.cursor() as cursor:
            cursor.execute(f"{documents.statement([kind.key], documents._BY_ID)} SELECT 1", [[0]])
            assert cursor.fetchone() == (1,), kind.key


def test_another_language_rebuilds_the_documents(ana, at):
    ours = Organisation.objects.select_related("subject").get()
    risks.risk("Plain", description="Die Häuser")
    assert titles(ana, "haus") == []

    organisation.change(ours, {"search_language": "german"}, by=SYSTEM, at=at)
    assert (
        sum(documents.rebuild())
        == Subject.objects.filter(kind__in=[k.key for k in kinds.searchable()]).count()
    )

    assert titles(ana, "haus") == ["Plain"]
    assert list(documents.rebuild()) == []
    assert set(SearchDocument.objects.values_list("language", flat=True)) == {"german"}


def test_a_language_that_postgresql_does_not_have_is_refused(ana, at):
    with pytest.raises(Refused, match="Choose one of"):
        organisation.change(
            Organisation.objects.select_related("subject").get(),
            {"search_language": "klingon"},
            by=SYSTEM,
            at=at,
        )


def test_documents_that_are_missing_are_built_in_batches(ana, monkeypatch):
    for number in range(3):
        actions.action(f"Quokka {number}")
    SearchDocument.objects.all().delete()
    monkeypatch.setattr(documents, "BATCH", 2)

    assert titles(ana, "quokka") == []
    assert all(size <= 2 for size in documents.rebuild())
    assert len(titles(ana, "quokka")) == 3


def test_a_retired_one_comes_last(ana, at):
    first, _ = actions.action("Quokka retired"), actions.action("The quokka")
    history.retire(first)

    assert titles(ana, "quokka")[-1] == "Quokka retired"


def test_an_event_is_stored_as_it_was_without_documents(ana, at):
    action = actions.action("Plain")
    event = history.change(action, {"details": "quokka"}, by=SYSTEM, at=at)

    stored = Event.objects.get(pk=event.pk)
    assert stored.data["rows"] == [
        {"model": "actions.action", "pk": action.pk, "changes": {"details": ["", "quokka"]}}
    ]
    assert event.recorded_at == stored.recorded_at


def test_the_command_says_how_far_it_is(ana, capsys):
    SearchDocument.objects.all().delete()
    count = Subject.objects.filter(kind__in=[kind.key for kind in kinds.searchable()]).count()

    call_command("rebuild_search")
    call_command("rebuild_search")

    printed = capsys.readouterr().out
    assert printed == f"{count} documents rebuilt\nAll documents are up to date.\n"
