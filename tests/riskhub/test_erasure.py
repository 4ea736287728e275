"""Erasure: nothing that Riskhub wrote names the person, and what others wrote is listed by place."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from history import chain
from history import operations as history
from history.models import Event, SearchDocument, Subject
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from notices.models import Digest, Entry, Message
from people.models import Absence, Receipt, Team, Token, User
from people.operations import invitation, team, token
from people.operations import person as persons
from people.states import Role
from riskhub.database.owner import as_owner
from riskhub.erasure import operations
from riskhub.erasure.places import found_in, places
from riskhub.erasure.terms import Terms
from riskhub.erasure.written import COPIES, DELETED, HISTORY, MENTIONS
from talk.models import Comment
from talk.operations import comment as comments
from tests.conftest import AT
from tests.factories import actions, people, risks
from tests.people.mails import sent

NAME, EMAIL = "Zsófia O'Quillan", "zsofia.quillan@example.org"


def left(name=NAME, email=EMAIL, **given):
    person = people.user(name, email=email, handle="zsofia-quillan", is_active=False, **given)
    return User.objects.select_related("subject").get(pk=person.pk)


def erase(person, **given):
    return operations.erase(person, by=SYSTEM, at=AT + timedelta(days=1), **given)


# ------------------------------------------------------------------ terms


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Ask Zsófia O'Quillan now", "Ask Former person 7 now"),
        ("ZSÓFIA O'QUILLAN", "Former person 7"),
        ("<b>Zsófia O&#x27;Quillan</b>", "<b>Former person 7</b>"),
        ("Zsófia O'Quillans", "Zsófia O'Quillans"),
        ("to zsofia.quillan@example.org.", "to former-person-7@erased.invalid."),
        ("x.zsofia.quillan@example.org", "x.zsofia.quillan@example.org"),
        ("zsofia.quillan@example.org.uk", "zsofia.quillan@example.org.uk"),
        ("@zsofia-quillan, see", "@former-person-7, see"),
        ("@zsofia-quillan-2", "@zsofia-quillan-2"),
        ("zsofia-quillan", "former-person-7"),
        ("see /people/zsofia-quillan/", "see /people/former-person-7/"),
        ("the zsofia-quillan method", "the zsofia-quillan method"),
        ("ben@zsofia-quillan.example", "ben@zsofia-quillan.example"),
        (b'{"owner": "zsofia-quillan"}', b'{"owner": "former-person-7"}'),
        (b'{"zsofia-quillan": 1}', b'{"zsofia-quillan": 1}'),
    ],
)
def test_whole_names_are_replaced(before, after):
    terms = Terms(NAME, EMAIL, "zsofia-quillan", 7)

    assert terms.replaced(before) == after
    assert terms.replaced({"a": [before, 1, None]}) == {"a": [after, 1, None]}


def test_a_handle_that_is_a_word_changes_no_key_and_no_sentence():
    terms = Terms("Owner Smith", "owner@example.org", "owner", 7)
    content = {"owner": ["owner", "the owner asks"], "by": {"owner": 1}}

    changed = terms.replaced(content)

    assert changed == {"owner": ["former-person-7", "the owner asks"], "by": {"owner": 1}}
    assert not terms.are_in(changed)


def test_a_key_that_names_the_person_stays_and_is_found():
    terms = Terms(NAME, EMAIL, "zsofia-quillan", 7)

    assert terms.replaced({EMAIL: 1}) == {EMAIL: 1}
    assert terms.are_in({"people": [{EMAIL: 1}]})


@pytest.mark.django_db
def test_every_named_column_exists():
    known = {place.name for place in places()}

    assert (COPIES | MENTIONS | DELETED | {HISTORY}) - known == set()


# ------------------------------------------------------------------ who


@pytest.mark.django_db
def test_an_active_person_is_refused_and_so_is_a_second_time():
    active, gone = people.user(), left()

    with pytest.raises(Refused, match="active"):
        erase(active)
    erase(gone)
    with pytest.raises(Refused, match="already"):
        erase(gone)


# ------------------------------------------------------------------ what Riskhub writes


def _seed(person):
    """Write the name into every column in which Riskhub writes names, and what belongs to the person."""
    other = people.user("Ben")
    token.issue(other, name="x", by=SYSTEM, at=AT)
    owned = Token(
        user=person, name=f"Laptop of {NAME}", prefix="p", secret_hash=b"", scope="read", expires_at=AT
    )
    history.record(owned, "people.token_issued", by=SYSTEM, at=AT, viewers=[person.subject_id])
    event = Event.objects.latest("pk")
    Entry.objects.create(user=other, event=event, why=f"{NAME} asked you", at=AT)
    digest = Digest.objects.create(
        user=other, week="2026-W47", made_at=AT, title=f"Of {NAME}", since=AT, content={"a": [f"By {NAME}."]}
    )
    for user in (person, other):
        Message.objects.create(
            key=f"k{user.pk}", user=user, verb="x", policy="park", made_at=AT, digest=digest,
            sent_to=user.email, sent_title=f"From {NAME}", sent_text=f"Dear {NAME}",
            sent_html=f"<p>Zsófia O&#x27;Quillan</p> {EMAIL}", log=[f"to {EMAIL}"], error=f"{EMAIL} refused",
        )  # fmt: skip
    Receipt.objects.create(
        user=other, key="k", path="/", body_hash=b"", status=200, body=NAME.encode(), made_at=AT
    )
    Absence.objects.create(user=person, from_on=AT.date(), until_on=AT.date(), reason="Private")
    return other


@pytest.mark.django_db
def test_nothing_that_riskhub_wrote_names_the_person():
    person = left()
    other = _seed(person)

    planned = operations.plan(person)
    report = erase(person)

    person.refresh_from_db()
    assert planned.remaining == []
    assert report.remaining == []
    assert [found for place in places() for found in found_in(place, report.terms)] == []
    assert (person.name, person.subject.title) == (f"Former person {person.pk}",) * 2
    assert person.email == f"former-person-{person.pk}@erased.invalid"
    mail = Message.objects.get(user=other)
    assert mail.sent_text == f"Dear Former person {person.pk}"
    assert mail.sent_html.startswith(f"<p>Former person {person.pk}</p> former-person")
    assert Message.objects.get(user=person).sent_text == ""
    assert Absence.objects.get().reason == ""
    assert Token.objects.get(user=person).revoked_at or Token.objects.get(user=person).expires_at <= AT
    assert not SearchDocument.objects.filter(text__icontains="quillan").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("has_moved", [False, True], ids=["same address", "address changed since"])
def test_an_invited_person_is_named_no_more(settings, at, has_moved):
    people.organisation(is_sample=False)
    boss = Actor(people.user(role=Role.ADMINISTRATOR), "page")
    (made,) = invitation.invite([EMAIL], name="Zsófi", by=boss, at=at)
    sent(settings, at)
    person = invitation.accept(made, name=NAME, password=None, at=at)
    if has_moved:
        persons.change(person, {"email": "quillan@example.org"}, by=boss, at=at)
    persons.deactivate(person, by=boss, at=at)
    assert Message.objects.exclude(sent_text="").filter(address=EMAIL).exists()

    planned = operations.plan(person)
    report = erase(person)

    made.refresh_from_db()
    new = f"former-person-{person.pk}@erased.invalid"
    assert (planned.remaining, report.remaining) == ([], [])
    assert (made.email, made.name) == (new, "")
    mail = Message.objects.get(user=None)
    assert (mail.address, mail.sent_to, mail.sent_text, mail.sent_html) == (new, "", "", "")
    stored = Terms(NAME, EMAIL, person.handle, person.pk, ("Zsófi",))
    assert [found for place in places() for found in found_in(place, stored)] == []


@pytest.mark.django_db
def test_it_is_on_record_without_the_name_and_the_chain_holds():
    person = left()
    _seed(person)
    before = chain.verify()

    erase(person)

    event = Event.objects.get(verb="people.person_erased")
    assert event.chain_no is not None
    assert "uillan" not in str(list(Event.objects.values_list("data", flat=True)))
    after = chain.verify(head=before.head)
    assert (after.broken_at, after.length > before.length) == (None, True)


@pytest.mark.django_db
def test_sessions_end(client):
    person = people.user(NAME, email=EMAIL)
    client.force_login(person)
    assert client.get("/people/me/").status_code == 200
    persons.deactivate(person, by=Actor(people.user(role=Role.ADMINISTRATOR), "page"), at=AT)

    erase(person)

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_session")
        assert cursor.fetchone()[0] == 0


# ------------------------------------------------------------------ what people wrote


@pytest.mark.django_db
def test_what_people_wrote_is_listed_by_place_and_stays():
    person = left()
    made = actions.action(f"Call {NAME}")

    report = erase(person)

    names = {found.place.name for found in report.remaining}
    assert names == {"actions_action.title", "history_event.data", "history_subject.title"}
    made.refresh_from_db()
    assert NAME in made.title
    assert "Zsófia" in report.terms.excerpt(report.remaining[0].value)


@pytest.mark.django_db
def test_a_mention_refers_to_the_new_handle_and_history_is_listed():
    person = left()
    about = risks.risk("Scores drift").subject
    comments.add(about=about, text=f"Thanks, @{person.handle}", by=Actor(people.user("Ben"), "page"), at=AT)

    report = erase(person)

    assert Comment.objects.get().text == f"Thanks, @former-person-{person.pk}"
    assert {found.place.name for found in report.remaining} == {HISTORY}


@pytest.mark.django_db(transaction=True)
def test_the_owner_also_replaces_what_people_wrote_but_no_chained_event():
    person = left()
    made = actions.action(f"Call {NAME}")
    people.organisation()
    boss = people.user(role=Role.ADMINISTRATOR)
    team.add(name=f"Team of {NAME}", by=Actor(boss, "page"), at=AT)
    team_of = Subject.objects.get(kind="team")
    team.change(Team.objects.get(), {"name": "Fraud"}, by=Actor(boss, "page"), at=AT)
    before = chain.verify()

    with as_owner():
        report = erase(person, replaces_texts=True)

    made.refresh_from_db()
    assert made.title == f"Call Former person {person.pk}"
    assert {found.place.name for found in report.remaining} == {HISTORY}
    chained = Event.objects.filter(pk__in=[found.key[0] for found in report.remaining])
    assert set(chained.values_list("verb", flat=True)) == {"people.team_changed"}
    assert chain.verify(head=before.head).broken_at is None
    assert team_of.events.exists()
    with pytest.raises(Exception, match=r"append-only|permission denied"), connection.cursor() as cursor:
        cursor.execute("UPDATE history_event SET verb = verb")


# ------------------------------------------------------------------ the command


@pytest.mark.django_db(transaction=True)
def test_the_command_shows_asks_and_erases(monkeypatch):
    person = left()
    _seed(person)
    out = StringIO()

    call_command("erase_person", EMAIL, "--dry-run", stdout=out)
    assert "Would be replaced or deleted" in out.getvalue()
    assert User.objects.get(pk=person.pk).name == NAME
    monkeypatch.setattr("builtins.input", lambda _: "somebody@example.org")
    with pytest.raises(CommandError, match="another address"):
        call_command("erase_person", EMAIL, stdout=out)
    assert User.objects.get(pk=person.pk).name == NAME
    out = StringIO()
    call_command("erase_person", EMAIL, "--confirm", EMAIL, stdout=out)

    assert "Still names the person: 0" in out.getvalue()
    assert User.objects.get(pk=person.pk).name == f"Former person {person.pk}"
    with pytest.raises(CommandError, match="No person"):
        call_command("erase_person", EMAIL)


@pytest.mark.django_db(transaction=True)
def test_without_a_terminal_the_command_says_how_to_confirm(monkeypatch):
    left()
    monkeypatch.setattr("sys.stdin", StringIO(""))

    with pytest.raises(CommandError, match="--confirm"):
        call_command("erase_person", EMAIL, stdout=StringIO())
