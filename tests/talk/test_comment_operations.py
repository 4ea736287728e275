"""Operations on comments and watching."""

from datetime import timedelta

import pytest

from history.models import Event
from history.queries import present_data
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from notices.models import Entry, Message
from notices.operations import entry, message
from risklog.operations import risk as risk_operations
from talk.models import Watch
from talk.operations import comment as operations
from talk.operations import watch
from talk.queries.watch import watcher_ids
from tests.conftest import AT
from tests.factories import actions, people, risks
from tests.factories import talk as factory

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(hours=1)


def by(user) -> Actor:
    return Actor(user, "page")


def relay_inbox() -> None:
    for event in Event.objects.filter(verb__startswith="talk.").order_by("id"):
        entry.add(event, at=LATER)


def test_a_comment_is_an_event_of_what_it_is_about():
    action = actions.action()
    author = people.user("Ana")

    comment = factory.comment(action.subject, "  Looks fine\u000b ", author=author)

    assert (comment.text, comment.author, comment.posted_at) == ("Looks fine", author, AT)
    event = Event.objects.get(verb="talk.comment_added")
    assert (event.subject_id, event.actor_id) == (action.subject_id, author.subject_id)


@pytest.mark.parametrize("text", ["", "  \n", "\u200b"])
def test_a_comment_needs_a_text(text):
    with pytest.raises(Refused, match="Write a comment first") as refusal:
        operations.add(about=actions.action().subject, text=text, by=by(people.user()), at=AT)

    assert refusal.value.field == "text"


def test_people_teams_and_objects_without_a_page_take_no_comments():
    for obj in (people.organisation(), people.user(), people.team()):
        with pytest.raises(Refused, match="takes no comments"):
            factory.comment(obj.subject)


def test_each_mention_is_mailed_with_its_own_comment(settings):
    settings.IS_MAIL_KEPT = True
    action, author = actions.action(), people.user("Ana")
    people.user("Ben", handle="ben")
    factory.comment(action.subject, "@ben first words", author=author)
    factory.comment(action.subject, "@ben second words", author=author)
    relay_inbox()

    message.send_due(at=LATER)

    texts = list(Message.objects.order_by("event_id").values_list("sent_text", flat=True))
    assert ["first words" in texts[0], "second words" in texts[1]] == [True, True]


def test_mentioned_people_are_told_once_and_mailed():
    action, author = actions.action(), people.user("Ana")
    ben = people.user("Ben", handle="ben")
    comment = factory.comment(action.subject, "@ben and @ben again", author=author)

    relay_inbox()

    assert comment.mentioned == [ben.pk]
    assert [(row.user, row.why) for row in Entry.objects.all()] == [(ben, "You are mentioned in a comment")]
    assert [message.user for message in Message.objects.all()] == [ben]


def test_an_edit_tells_only_people_who_were_not_mentioned_before():
    action, author = actions.action(), people.user("Ana")
    people.user("Ben", handle="ben")
    eva = people.user("Eva", handle="eva")
    comment = factory.comment(action.subject, "@ben", author=author)

    operations.change(comment, text="@ben @eva", by=by(author), at=LATER)

    told = [
        present_data(event)["people"]
        for event in Event.objects.filter(verb="talk.people_mentioned").order_by("id")
    ]
    assert told[-1] == [eva.pk]
    assert len(told) == 2
    assert comment.edited_at == LATER


def test_somebody_who_may_not_see_the_object_cannot_be_mentioned():
    team = people.team("Fraud")
    risk = risks.restricted("Hidden", team)
    author = people.user("Ana", teams=[team])
    people.user("Ben", handle="ben")

    with pytest.raises(Refused, match="Ben may not see this") as refusal:
        factory.comment(risk.subject, "@ben look", author=author)

    assert refusal.value.field == "text"


def test_more_than_twenty_mentions_are_refused():
    for number in range(21):
        people.user(handle=f"person-number-{number}")
    text = " ".join(f"@person-number-{number}" for number in range(21))

    with pytest.raises(Refused, match="mentions 21 people"):
        factory.comment(actions.action().subject, text)


def test_a_removed_comment_keeps_its_text_for_the_restoration():
    comment = factory.comment(actions.action().subject, "Oops")

    operations.remove(comment, by=by(comment.author), at=LATER)
    assert (comment.text, comment.is_removed) == ("", True)
    with pytest.raises(Refused, match="removed"):
        operations.change(comment, text="New", by=by(comment.author), at=LATER)

    operations.restore(comment, by=by(comment.author), at=LATER)
    assert (comment.text, comment.removed_text) == ("Oops", "")
    with pytest.raises(IllegalMove):
        operations.restore(comment, by=by(comment.author), at=LATER)


def test_a_removed_mention_is_not_told():
    action = actions.action()
    people.user("Ben", handle="ben")
    comment = factory.comment(action.subject, "@ben")
    operations.remove(comment, by=by(comment.author), at=LATER)

    relay_inbox()

    assert not Entry.objects.filter(event__verb="talk.people_mentioned").exists()


def test_two_edits_of_one_version_do_not_overwrite_each_other():
    comment = factory.comment(actions.action().subject, "First")
    operations.change(comment, text="Second", by=by(comment.author), at=LATER, seen=1)

    with pytest.raises(ChangedMeanwhile):
        operations.change(comment, text="Third", by=by(comment.author), at=LATER, seen=1)


# ------------------------------------------------------------------ watching


def test_the_owner_and_commenters_watch_without_asking_for_it():
    owner, author = people.user("Olga"), people.user("Ana")
    action = actions.action(owner=owner)
    factory.comment(action.subject, author=author)

    assert watcher_ids(action.subject_id) == {owner.pk, author.pk}


def test_who_stopped_watching_hears_nothing_also_after_a_comment_of_their_own():
    owner = people.user("Olga")
    action = actions.action(owner=owner)
    watch.stop(action.subject, by=by(owner), at=AT)
    factory.comment(action.subject, author=owner)

    assert watcher_ids(action.subject_id) == set()
    watch.start(action.subject, by=by(owner), at=LATER)
    assert watcher_ids(action.subject_id) == {owner.pk}
    assert Watch.objects.count() == 1


def test_watchers_hear_of_a_comment_and_its_author_does_not():
    owner, author, watcher = people.user("Olga"), people.user("Ana"), people.user("Wim")
    action = actions.action(owner=owner)
    watch.start(action.subject, by=by(watcher), at=AT)
    factory.comment(action.subject, author=author)

    relay_inbox()

    assert set(Entry.objects.values_list("user_id", "why")) == {
        (owner.pk, "You watch it"),
        (watcher.pk, "You watch it"),
    }


def test_a_watcher_who_may_no_longer_see_the_object_hears_nothing():
    team, watcher = people.team("Fraud"), people.user("Wim")
    risk = risks.risk()
    watch.start(risk.subject, by=by(watcher), at=AT)
    risk_operations.restrict(risk, teams=[team], by=SYSTEM, at=AT)
    factory.comment(risk.subject, author=people.user(teams=[team]))

    relay_inbox()

    assert not Entry.objects.filter(user=watcher).exists()


def test_the_system_writes_no_comment():
    with pytest.raises(Refused, match="A person writes a comment"):
        operations.add(about=actions.action().subject, text="Hello", by=SYSTEM, at=AT)
