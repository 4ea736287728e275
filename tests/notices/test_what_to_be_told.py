"""Each person chooses what they are told at once, in the digest, or never. Work and escalations stay."""

import pytest
from django.urls import reverse

from history import declarations
from history.models import Event
from history.states import NewsGroup, NewsTiming
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from notices.models import Digest, Entry, Message
from notices.operations import message
from notices.queries import digest as digests
from notices.queries import inbox, mine
from people.models import User
from people.operations import person as persons
from talk.operations import comment as comments
from talk.operations import watch
from tests.conftest import AT
from tests.factories import actions, notices, people, risklog_review, risks

pytestmark = pytest.mark.django_db
AT_ONCE, DIGEST, NEVER = NewsTiming.AT_ONCE, NewsTiming.DIGEST, NewsTiming.NEVER
JSON = "application/json"


@pytest.fixture
def ana():
    people.organisation(time_zone="UTC")
    return people.user("Ana")


def choose(user, **timings) -> User:
    user.refresh_from_db()
    persons.change(user, {"news_timings": timings}, by=SYSTEM, at=AT)
    return user


def told(user) -> dict[str, bool]:
    """Return what reaches a person of an action that is assigned to them."""
    made = actions.action(owner=user)
    notices.notify_about(made)
    entry = Entry.objects.get(user=user, event__subject=made.subject)
    in_digest = digests.content_for(user, since=AT - digests.FIRST_LOOKS_BACK, at=AT)
    news = [
        line for section in in_digest["sections"] if section["key"] == "news" for line in section["lines"]
    ]
    return {
        "inbox": True,
        "unread": entry.read_at is None,
        "mail": Message.objects.filter(user=user, subject=made.subject).exists(),
        "digest": made.subject_id in {line["subject"] for line in news},
    }


@pytest.mark.parametrize(
    ("timing", "expected"),
    [
        (None, {"inbox": True, "unread": True, "mail": True, "digest": False}),
        (AT_ONCE, {"inbox": True, "unread": True, "mail": True, "digest": False}),
        (DIGEST, {"inbox": True, "unread": True, "mail": False, "digest": True}),
        (NEVER, {"inbox": True, "unread": False, "mail": False, "digest": False}),
    ],
)
def test_a_choice_decides_on_mail_digest_and_what_is_unread(ana, timing, expected):
    if timing:
        choose(ana, actions=timing)

    assert told(ana) == expected
    assert inbox.unread_count(ana) == ("1" if expected["unread"] else "")


@pytest.mark.parametrize("timing", [DIGEST, NEVER])
def test_what_is_escalated_to_a_person_cannot_be_silenced(ana, timing):
    choose(ana, **dict.fromkeys(NewsGroup.values, timing))

    mail = notices.resent_kind(ana)

    entry = Entry.objects.get(user=ana, event=mail.event)
    assert (mail.verb, entry.read_at, entry.is_urgent) == ("risklog.escalation_climbed", None, True)
    message.send_due(at=AT)
    mail.refresh_from_db()
    assert mail.state == "done"


def test_no_choice_removes_work(ana):
    choose(ana, **dict.fromkeys(NewsGroup.values, NEVER))
    reviewer = risklog_review.reviewer("data-science")
    choose(reviewer, reviews=NEVER)
    review = risklog_review.review()
    notices.notify_about(review)

    assert [row.review for row in mine.reviews_to_answer(reviewer)] == [review]
    assert not Message.objects.filter(user=reviewer).exists()
    notices.resent_kind(ana)
    assert len(mine.escalations_to(ana)) == 1
    lines = digests.content_for(reviewer, since=AT - digests.FIRST_LOOKS_BACK, at=AT)["sections"]
    waiting = next(section for section in lines if section["key"] == "mine")
    assert [line["subject"] for line in waiting["lines"]] == [review.subject_id]


def test_a_choice_after_the_mail_was_queued_cancels_it(ana, settings):
    settings.IS_MAIL_KEPT = True
    mail = notices.parked_kind(ana)
    choose(ana, actions=DIGEST)

    message.send_due(at=AT)

    mail.refresh_from_db()
    assert (mail.state, mail.error) == ("unwanted", "Ana no longer wants to be told of this at once.")


def test_a_group_without_mails_is_mailed_in_general_form_to_who_asks_for_it(ana, settings):
    settings.IS_MAIL_KEPT = True
    ben, cem = choose(people.user("Ben"), followed=AT_ONCE), people.user("Cem")
    risk = risks.risk(title="Late labels")
    for person in (ben, cem):
        watch.start(risk.subject, by=Actor(person, "page"), at=AT)
    comments.add(about=risk.subject, text="Fed again.", by=Actor(ana, "page"), at=AT)
    notices.notify_of("talk.comment_added")
    message.send_due(at=AT)

    mail = Message.objects.get(verb="talk.comment_added")
    assert (mail.user, mail.state) == (ben, "done")
    assert mail.sent_title == f"Late labels ({risk.reference})"
    assert "Ana" in mail.sent_text
    assert f"/risks/{risk.reference}/" in mail.sent_text
    assert "/people/me/notifications/" in mail.sent_text
    assert "<svg" not in mail.sent_html
    assert mail.names is None  # so administrators do not read it
    entries = Entry.objects.filter(event__verb="talk.comment_added")
    assert {entry.user: entry.is_for_digest for entry in entries} == {ben: False, cem: True}


def test_who_gets_an_event_for_another_reason_has_the_choice_of_that_reason(ana):
    """The owner of a risk is told for the group of the event, who watches it for what they watch."""
    owner = choose(people.user("Owen"), risks=NEVER, followed=AT_ONCE)
    risk = risks.risk(owner=owner)
    comments.add(about=risk.subject, text="Fed again.", by=Actor(ana, "page"), at=AT)
    Entry.objects.all().delete()
    notices.notify_about(risk)

    found = {entry.event.verb: entry.read_at for entry in Entry.objects.filter(user=owner)}
    assert found["risklog.risk_opened"] is not None
    assert found["talk.comment_added"] is None


def test_the_digest_has_each_object_once_and_only_what_the_reader_may_see(ana):
    choose(ana, actions=DIGEST)
    made = actions.action(owner=ana)
    notices.notify_about(made)
    team = people.team("Fraud")
    hidden = risks.risk(owner=people.user(), title="Zanzibar", viewers=[team.subject_id])
    Entry.objects.create(
        user=ana,
        event=Event.objects.filter(subject=hidden.subject).first(),
        topic=hidden.subject,
        why="You watch it",
        is_for_digest=True,
        at=AT,
    )

    sections = digests.content_for(ana, since=AT - digests.FIRST_LOOKS_BACK, at=AT)["sections"]

    assert [line["subject"] for s in sections if s["key"] == "news" for line in s["lines"]] == [
        made.subject_id
    ]
    assert "Zanzibar" not in str(sections)
    assert not Digest.objects.exists()


def test_every_event_with_recipients_has_a_group():
    without = {one.verb for one in declarations.every() if one.recipients and one.group is None}

    assert {verb for verb in without if not verb.startswith("people.")} == set()
    silent = {one.verb for one in declarations.every() if one.cannot_be_silenced}
    assert {"risklog.escalation_climbed", "risklog.escalation_handed_over"} <= silent
    assert without <= silent  # about the safety of an account: nobody chooses when to be told


def test_the_page_shows_and_saves_the_choices(client, ana):
    client.force_login(ana)
    page = client.get(reverse("people:news"))
    fields = page.context["form"].timing_fields
    assert [field.initial for field in fields] == [ana.timing_of(group) for group in NewsGroup]

    defaults = {f"news_timings.{group}": ana.timing_of(group).value for group in NewsGroup}
    sent = {**defaults, "news_timings.mentions": "never", "version": ana.version}
    assert client.post(reverse("people:news"), sent).status_code == 303
    ana.refresh_from_db()
    assert ana.chosen_timings == {"mentions": "never"}  # the default is not stored
    stale = client.post(reverse("people:news"), {**sent, "news_timings.mentions": "digest"})
    assert stale.status_code == 409
    assert [one.label for one in stale.context["form"].conflict.differences] == ["Mentions"]
    ana.refresh_from_db()
    loud = {**sent, "news_timings.mentions": "loud", "version": ana.version}
    assert client.post(reverse("people:news"), loud).status_code == 422


def test_the_first_sign_in_asks_too(client, ana):
    client.force_login(ana)
    page = client.get(reverse("people:welcome")).content.decode()
    assert "Choose what to be told by kind" in page

    sent = {"version": ana.version, "news_timings.followed": "never", "is_digest_wanted": "on"}
    assert client.post(reverse("people:welcome"), sent).status_code == 303
    ana.refresh_from_db()
    assert (ana.chosen_timings, ana.is_digest_wanted) == ({"followed": "never"}, True)


def test_the_api_has_ones_own_settings(client, ana):
    client.force_login(ana)
    got = client.get("/api/v1/notification-settings")
    assert [row["group"] for row in got.json()["groups"]] == NewsGroup.values
    assert {row["timing"] for row in got.json()["groups"]} == {"at_once", "digest"}

    def patch(body, **headers):
        url = "/api/v1/notification-settings"
        return client.patch(url, body, content_type=JSON, headers=headers)

    assert patch({"mentions": "never"}).status_code == 428
    tag = {"If-Match": got["ETag"]}
    changed = patch({"mentions": "never", "is_digest_wanted": False}, **tag)
    assert changed.status_code == 200
    rows = {row["group"]: row["timing"] for row in changed.json()["groups"]}
    assert (rows["mentions"], rows["reviews"]) == ("never", "at_once")
    assert changed.json()["is_digest_wanted"] is False
    assert patch({"mentions": "digest"}, **tag).status_code == 412
    wrong = patch({"mentions": "loud"}, **{"If-Match": changed["ETag"]})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "mentions")
    other = people.user("Ben")
    client.force_login(other)
    assert client.get("/api/v1/notification-settings").json()["id"] == other.pk


def test_history_stores_no_choice(ana):
    choose(ana, mentions=NEVER)

    event = Event.objects.filter(subject=ana.subject, verb="people.person_changed").get()
    assert "never" not in str(event.data)


@pytest.mark.parametrize("timings", [{"gossip": "never"}, {"mentions": "loud"}])
def test_unknown_groups_and_timings_are_refused(ana, timings):
    with pytest.raises(Refused, match="Use"):
        persons.change(ana, {"news_timings": timings}, by=SYSTEM, at=AT)
