"""Operations on files, and what is stored."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import storages
from django.db import transaction

from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from notices.models import Entry
from notices.operations import entry
from riskhub import file_storage
from talk.models import Comment, File
from talk.operations import comment as comments
from talk.operations import file as operations
from talk.operations import watch
from tests.conftest import AT
from tests.factories import actions, people
from tests.factories import talk as factory

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(hours=1)


def by(user) -> Actor:
    return Actor(user, "page")


def contents(stored: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(stored.rglob("*")) if path.is_file()]


def test_a_file_is_an_event_of_what_it_is_attached_to(stored):
    action, author = actions.action(), people.user("Ana")

    file = factory.file(action.subject, "../Drift report.txt", b"Some drift.\n", author=author)

    assert (file.name, file.media_type, file.size) == ("Drift report.txt", "text/plain", 12)
    assert file.sha256 == hashlib.sha256(b"Some drift.\n").hexdigest()
    event = Event.objects.get(verb="talk.file_added")
    assert (event.subject_id, event.actor_id) == (action.subject_id, author.subject_id)
    assert contents(stored) == [b"Some drift.\n"]


def test_the_stored_name_says_nothing_and_is_in_no_history(stored):
    file = factory.file(actions.action().subject, "secret plan.txt")

    (path,) = [path for path in stored.rglob("*") if path.is_file()]
    assert path.name == file.stored_as.partition("/")[2]
    assert len(path.name) == 40
    assert "plan" not in str(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert file.stored_as not in str(Event.objects.get(verb="talk.file_added").data)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.txt", b"", "“a.txt” is empty"),
        ("a.pdf", factory.PNG, "“a.pdf” is a PNG image, although its name says a PDF document"),
        ("a.png", b"no image", "“a.png” is text, although its name says a PNG image"),
        ("a.txt", b"x" * (2**20 + 1), "“a.txt” is larger than 1 MB"),
    ],
)
def test_a_file_that_does_not_suit_is_refused_and_not_stored(stored, settings, name, data, words):
    settings.FILE_LIMIT = 2**20
    with pytest.raises(Refused, match=words) as refusal:
        factory.file(actions.action().subject, name, data)

    assert refusal.value.field == "file"
    assert contents(stored) == []
    assert not File.objects.exists()


def test_the_system_attaches_nothing_and_people_take_no_files():
    with pytest.raises(Refused, match="A person attaches a file"):
        operations.add(about=actions.action().subject, file=factory.content(), by=SYSTEM, at=AT)
    with pytest.raises(Refused, match="takes no comments and no files"):
        factory.file(people.user().subject)


def test_a_removed_file_is_restored_and_each_step_is_recorded(stored):
    file = factory.file(actions.action().subject)

    operations.remove(file, by=by(file.author), at=LATER, seen=1)
    assert (file.state, file.removed_at) == ("removed", LATER)
    with pytest.raises(IllegalMove):
        operations.remove(file, by=by(file.author), at=LATER)
    operations.restore(file, by=by(file.author), at=LATER)

    assert (file.state, file.removed_at) == ("attached", None)
    assert len(contents(stored)) == 1
    verbs = Event.objects.filter(verb__startswith="talk.").order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["talk.file_added", "talk.file_removed", "talk.file_restored"]


def test_two_removals_of_one_version_are_one():
    file = factory.file(actions.action().subject)
    operations.remove(file, by=by(file.author), at=LATER, seen=1)
    operations.restore(file, by=by(file.author), at=LATER, seen=2)

    with pytest.raises(ChangedMeanwhile):
        operations.remove(file, by=by(file.author), at=LATER, seen=1)


def test_the_content_of_a_removed_file_is_deleted_after_thirty_days(stored):
    kept, file = (factory.file(actions.action().subject) for _ in range(2))
    operations.remove(file, by=by(file.author), at=AT)

    assert operations.delete_removed(at=AT + operations.RESTORABLE) == 0
    assert operations.delete_removed(at=AT + operations.RESTORABLE + timedelta(minutes=1)) == 1
    assert operations.delete_removed(at=AT + timedelta(days=90)) == 0

    file.refresh_from_db()
    assert (file.state, len(contents(stored))) == ("deleted", 1)
    assert (stored / kept.stored_as).exists()
    with pytest.raises(Refused, match="content of this file is deleted"):
        operations.restore(file, by=by(file.author), at=LATER)


def test_contents_without_a_row_are_swept_after_a_day(stored):
    file = factory.file(actions.action().subject)
    with transaction.atomic():
        factory.file(actions.action().subject)
        transaction.set_rollback(True)
    assert len(contents(stored)) == 2

    assert operations.sweep(at=AT) == 0
    assert operations.sweep(at=AT + timedelta(days=1)) == 1
    assert operations.sweep(at=AT + timedelta(days=1)) == 0
    assert (stored / file.stored_as).exists()


def test_a_content_that_cannot_be_stored_is_refused(settings, tmp_path):
    (tmp_path / "files").write_text("A file is in the place of the folder.")

    with pytest.raises(Refused, match="could not be stored"):
        factory.file(actions.action().subject)

    assert not File.objects.exists()


def test_watchers_are_told_of_a_file_and_its_author_is_not():
    author, watcher = people.user("Ana"), people.user("Wim")
    action = actions.action(owner=author)
    watch.start(action.subject, by=by(watcher), at=AT)
    factory.file(action.subject, author=author)

    entry.add(Event.objects.get(verb="talk.file_added"), at=LATER)

    assert [(row.user, row.why) for row in Entry.objects.all()] == [(watcher, "You watch it")]


def test_a_comment_shows_the_files_that_are_posted_with_it():
    action, author = actions.action(), people.user("Ana")
    files = [factory.content("a [1].png", factory.PNG), factory.content("b.txt")]

    comment = comments.add(about=action.subject, text="See:", files=files, by=by(author), at=AT)

    picture, text = File.objects.order_by("pk")
    links = [f"![a \\[1\\].png](/files/{picture.pk}/a%20%5B1%5D.png)", f"[b.txt](/files/{text.pk}/b.txt)"]
    assert comment.text == "\n\n".join(["See:", *links])


def test_a_refused_file_posts_no_comment(stored):
    files = [factory.content("a.txt"), factory.content("b.pdf", factory.PNG)]
    with pytest.raises(Refused, match=r"“b\.pdf” is a PNG image"):
        comments.add(about=actions.action().subject, text="", files=files, by=by(people.user()), at=AT)

    assert not Comment.objects.exists()
    assert not File.objects.exists()


@pytest.mark.parametrize(
    ("url", "endpoint", "bucket", "folder"),
    [
        ("s3://k:s@s3.example.org/risks", "https://s3.example.org", "risks", ""),
        ("s3://k%2F1:s@minio:9000/risks/a/b?region=eu&tls=0", "http://minio:9000", "risks", "a/b"),
    ],
)
def test_a_bucket_is_named_by_one_url(url, endpoint, bucket, folder, tmp_path):
    options = file_storage.storage(url, tmp_path)["OPTIONS"]

    assert (options["endpoint_url"], options["bucket_name"], options["location"]) == (
        endpoint,
        bucket,
        folder,
    )
    assert options["access_key"] == ("k/1" if "%2F" in url else "k")


@pytest.mark.parametrize("url", ["http://a/b", "s3://host", "s3:///bucket", "s3://h/b?acl=public", "files"])
def test_another_url_is_refused_with_an_example(url, tmp_path):
    with pytest.raises(SystemExit, match="Write it as s3://"):
        file_storage.storage(url, tmp_path)


def test_the_storage_of_the_settings_is_a_private_folder():
    assert storages["files"].base_location
