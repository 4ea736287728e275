"""Files on pages: attaching, showing, downloading, removing."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kit.actor import SYSTEM
from pages import markup
from people.states import Role
from risklog.operations import risk as risk_operations
from talk.models import Comment, File
from tests.conftest import AT
from tests.factories import actions, people, risks
from tests.factories import talk as factory

pytestmark = pytest.mark.django_db
BY_SCRIPT = {"headers": {"Accept": "application/json"}}


@pytest.fixture
def ana(client):
    person = people.user("Ana Moreau")
    client.force_login(person)
    return person


@pytest.fixture
def action(ana):
    return actions.action("Check the feed", owner=ana)


def read(download) -> bytes:
    """Return a downloaded content, and close its file."""
    return b"".join(download.streaming_content)


def on(action, **fields) -> dict:
    return {"kind": "action", "object_id": action.pk, **fields}


def test_a_file_is_attached_shown_and_downloaded(client, action):
    answer = client.post("/files/", on(action, file=factory.content("Drift (May).png", factory.PNG)))

    file = File.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/actions/{action.reference}/#files")
    html = client.get(f"/actions/{action.reference}/").content.decode()
    assert f'href="/files/{file.pk}/"' in html
    assert f'src="/files/{file.pk}/Drift%20%28May%29.png"' in html
    assert "attached <b>Drift (May).png</b>" in html
    detail = client.get(f"/files/{file.pk}/").content.decode()
    assert file.sha256 in detail
    download = client.get(file.content_url)
    assert read(download) == factory.PNG


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("a.png", factory.PNG, "image/png"),
        ("a.html", b"<script>alert(1)</script>", "application/octet-stream"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "application/octet-stream"),
        ("a.pdf", b"%PDF-1.7\n", "application/octet-stream"),
    ],
)
def test_a_download_cannot_run_as_a_page_of_this_site(client, action, name, data, media_type):
    file = factory.file(action.subject, name, data)

    answer = client.get(file.content_url)

    assert answer["Content-Type"] == media_type
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Cache-Control"] == "private, no-cache"
    read(answer)


def test_a_content_that_the_browser_has_is_not_sent_again(client, action):
    file = factory.file(action.subject)
    first = client.get(file.content_url)
    read(first)

    again = client.get(file.content_url, headers={"If-None-Match": first["ETag"]})

    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("sent", [{}, BY_SCRIPT])
def test_a_file_that_is_not_what_its_name_says_is_refused(client, action, sent):
    answer = client.post("/files/", on(action, file=factory.content("a.pdf", factory.PNG)), **sent)

    assert answer.status_code == 422
    assert "a PNG image, although its name says a PDF document" in answer.content.decode()
    assert not File.objects.exists()


@pytest.mark.parametrize("sent", [{}, BY_SCRIPT])
def test_a_file_above_the_limit_is_refused_while_it_is_read(client, action, settings, stored, sent):
    settings.FILE_LIMIT = 2**20
    answer = client.post("/files/", on(action, file=factory.content("a.txt", b"x" * (2**20 + 1))), **sent)

    assert answer.status_code == 422
    assert "is larger than 1 MB" in answer.content.decode()
    assert not stored.exists()


def test_a_script_gets_the_markdown(client, action):
    answer = client.post("/files/", on(action, file=factory.content("a.png", factory.PNG)), **BY_SCRIPT)

    file = File.objects.get()
    assert (answer.status_code, answer.json()["markdown"]) == (201, f"![a.png](/files/{file.pk}/a.png)")


def test_a_form_without_a_file_says_so(client, action):
    answer = client.post("/files/", on(action))

    assert answer.status_code == 422
    assert "This field is required." in answer.content.decode()


def test_one_drawn_form_attaches_once(client, action):
    for _ in range(2):
        client.post("/files/", on(action, once="a-key", file=factory.content()))

    assert File.objects.count() == 1


def test_a_comment_without_a_script_takes_its_files_along(client, action):
    files = [factory.content("a.png", factory.PNG), factory.content("b.txt")]
    answer = client.post("/comments/", on(action, text="See", file=files))

    assert answer.status_code == 303
    assert File.objects.count() == 2
    html = client.get(f"/actions/{action.reference}/").content.decode()
    picture, text = File.objects.order_by("pk")
    assert f'<img src="{picture.content_url}" alt="a.png">' in html
    assert f'<a href="{text.content_url}"' in html


def test_a_comment_of_files_alone_needs_no_text(client, action):
    client.post("/comments/", on(action, text="", file=[factory.content("b.txt")]))
    refused = client.post("/comments/", on(action, text=""))

    assert Comment.objects.get().text.startswith("[b.txt]")
    assert refused.status_code == 422


def test_a_comment_with_a_refused_file_keeps_its_text(client, action, settings):
    settings.FILE_LIMIT = 2**20
    large = factory.content("a.txt", b"x" * (2**20 + 1))
    for file in (factory.content("a.pdf", factory.PNG), large):
        answer = client.post("/comments/", on(action, text="My remark", file=[file]))
        assert answer.status_code == 422
        assert "My remark" in answer.content.decode()

    assert not Comment.objects.exists()


def test_a_removal_is_undone(client, action, ana):
    file = factory.file(action.subject, author=ana)

    client.post(f"/files/{file.pk}/remove/", {"version": 1})
    assert client.get(file.content_url).status_code == 404
    assert "This file was removed" in client.get(f"/files/{file.pk}/").content.decode()
    assert 'id="files"' not in client.get(f"/actions/{action.reference}/").content.decode()
    client.post(f"/files/{file.pk}/restore/?version=2")

    answer = client.get(file.content_url)
    assert answer.status_code == 200
    read(answer)


@pytest.mark.parametrize(
    ("role", "status"), [(Role.MEMBER, 403), (Role.RISK_MANAGER, 403), (Role.ADMINISTRATOR, 303)]
)
def test_who_may_remove_files_of_others(client, action, role, status):
    file = factory.file(action.subject)
    client.force_login(people.user(role=role))

    assert client.post(f"/files/{file.pk}/remove/", {"version": 1}).status_code == status


def test_a_viewer_downloads_and_attaches_nothing(client, action):
    file = factory.file(action.subject)
    client.force_login(people.user(role=Role.VIEWER))

    answer = client.get(file.content_url)
    read(answer)
    assert answer.status_code == 200
    assert client.post("/files/", on(action, file=factory.content())).status_code == 403


def test_a_restricted_risk_hides_its_files_at_once(client, ana):
    risk = risks.risk()
    file = factory.file(risk.subject, "Canary.png", factory.PNG, author=ana)
    risk_operations.restrict(risk, teams=[people.team("Fraud")], by=SYSTEM, at=AT)
    missing = client.get("/files/987654/")

    for path in (
        f"/files/{file.pk}/",
        file.content_url,
        f"/api/v1/files/{file.pk}",
        f"/api/v1/files/{file.pk}/content",
    ):
        answer = client.get(path)
        assert answer.status_code == missing.status_code == 404
        assert "Canary" not in answer.content.decode().replace(path, "")
    assert client.post(f"/files/{file.pk}/remove/", {"version": 1}).status_code == 404
    assert "Canary" not in client.get("/api/v1/files").content.decode()


def test_a_stranger_cannot_tell_a_hidden_object_from_none(client, ana):
    risk = risks.restricted("Hidden", people.team("Fraud"))
    hidden, missing = (
        client.post("/files/", {"kind": "risk", "object_id": pk, "file": factory.content()})
        for pk in (risk.pk, 987654)
    )

    assert hidden.status_code == missing.status_code == 422
    assert hidden.context["form"].errors == missing.context["form"].errors


def test_a_content_that_is_lost_is_not_found(client, action, stored):
    file = factory.file(action.subject)
    (stored / file.stored_as).unlink()

    assert client.get(file.content_url).status_code == 404


def test_the_page_of_an_object_costs_the_same_at_one_and_three_files(client, action):
    factory.file(action.subject)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/actions/{action.reference}/")
        counts.append(len(queries))
        factory.file(action.subject)
        factory.file(action.subject)

    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("address", "is_picture"),
    [
        ("/files/12/a.png", True),
        ("/files/12/a%20b.JPG", True),
        ("{base}/files/12/a.webp", True),
        ("/files/12/a.svg", False),
        ("/files/12/a.pdf", False),
        ("/files/12/a.png?x=1", False),
        ("/files/12/../../a.png", False),
        ("//other.example/files/12/a.png", False),
        ("https://other.example/files/12/a.png", False),
    ],
)
def test_only_an_attached_image_is_shown_in_a_text(settings, address, is_picture):
    html = markup.html_of(f"![A chart]({address.format(base=settings.BASE_URL)})")

    assert ("<img" in html) is is_picture


def test_a_person_does_not_restore_what_an_administrator_removed(client, ana, action):
    client.post("/files/", on(action, file=factory.content("drift.txt", b"psi 0.3")))
    file = File.objects.get()

    def take(step):
        file.refresh_from_db()
        client.post(f"/files/{file.pk}/{step}/", {"version": file.version})
        file.refresh_from_db()
        return file.state

    assert (take("remove"), take("restore")) == ("removed", "attached")
    boss = people.user("Robin", role=Role.ADMINISTRATOR)
    client.force_login(boss)
    assert take("remove") == "removed"
    assert file.removed_by == boss

    client.force_login(ana)
    assert "Restore" not in client.get(f"/files/{file.pk}/").content.decode().split("<main")[1]
    assert take("restore") == "removed"
    client.force_login(boss)
    assert take("restore") == "attached"
