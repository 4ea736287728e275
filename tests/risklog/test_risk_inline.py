"""Changing one field of a risk in place: on a page of its own, over the list, and its undo."""

import re

import pytest

from history.models import Event
from people.states import Role
from risklog.models import Category, Risk
from risklog.operations import risk as operations
from risklog.operations import risk_bulk_undo
from tests.factories import people, risks
from tests.factories.risks import by

pytestmark = pytest.mark.django_db
OVER_LIST = {"HX-Request": "true", "HX-Current-URL": "http://testserver/risks/?owner=none"}


@pytest.fixture
def mia(client):
    person = people.user("Mia Manager", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def undo_in(answer):
    """Return the address of the undo in the toast of a page."""
    return re.search(r'action="(/risks/[^"]*/undo/[^"]*)"', answer.content.decode())[1].replace("&amp;", "&")


def present(risk):
    return Risk.objects.get(pk=risk.pk)


def test_a_field_is_changed_on_a_page_of_its_own_and_restored(client, mia):
    owner = people.user("Ben Ode")
    risk = risks.risk(owner=mia)
    form = client.get(f"/risks/{risk.reference}/set/owner/").content.decode()
    assert 'name="owner"' in form
    assert 'name="title"' not in form

    answer = client.post(
        f"/risks/{risk.reference}/set/owner/", {"owner": owner.pk, "version": risk.version}, follow=True
    )

    assert present(risk).owner == owner
    answer = client.post(undo_in(answer), {"next": "/risks/?owner=me"})
    assert (answer.status_code, answer.url) == (303, "/risks/?owner=me")
    assert present(risk).owner == mia


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("level", {"likelihood": 5, "impact": 5}),
        ("review", {"review_on": "2027-02-01"}),
        ("team", {"team": ""}),
    ],
)
def test_over_the_list_the_reader_stays_there(client, mia, name, values):
    risk = risks.risk(likelihood=2, impact=2, team=people.team())
    fields = ("severity", "review_on", "team_id")
    before = [getattr(present(risk), field) for field in fields]

    address = f"/risks/{risk.reference}/set/{name}/"
    answer = client.post(address, {**values, "version": risk.version}, headers=OVER_LIST)

    assert answer.status_code == 204
    assert "rows-changed" in answer["HX-Trigger"]
    assert [getattr(present(risk), field) for field in fields] != before
    client.post(re.search(r'"undo": "([^"]+)"', answer["HX-Trigger"])[1])
    assert [getattr(present(risk), field) for field in fields] == before


def test_the_level_is_that_of_the_score_that_counts(client, mia):
    risk = risks.risk(residual_likelihood=2, residual_impact=2)
    form = client.get(f"/risks/{risk.reference}/set/level/").content.decode()
    assert 'name="residual_likelihood"' in form
    assert 'name="likelihood"' not in form


def test_an_editor_that_came_too_late_shows_both_values(client, mia, at):
    ben, zoe = people.user("Ben Ode"), people.user("Zoe Lind")
    risk = risks.risk()
    seen = risk.version
    operations.change(risk, {"owner": zoe}, by=by(zoe), at=at)

    answer = client.post(
        f"/risks/{risk.reference}/set/owner/", {"owner": ben.pk, "version": seen}, headers=OVER_LIST
    )

    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Ben Ode" in text
    assert "Zoe Lind" in text
    assert present(risk).owner == zoe


def test_an_undo_leaves_what_others_changed_since(client, mia, at):
    zoe = people.user("Zoe Lind")
    risk = risks.risk()
    answer = client.post(
        f"/risks/{risk.reference}/set/owner/", {"owner": mia.pk, "version": risk.version}, follow=True
    )
    operations.change(present(risk), {"owner": zoe}, by=by(zoe), at=at)

    answer = client.post(undo_in(answer), follow=True)

    assert "stays as it is. Changed since, and left: R-" in answer.content.decode()
    assert present(risk).owner == zoe


def test_nobody_undoes_the_change_of_another(client, mia, at):
    zoe = people.user("Zoe Lind", role=Role.RISK_MANAGER)
    risk = operations.change(risks.risk(), {"owner": zoe}, by=by(zoe), at=at)
    address = f"/risks/{risk.reference}/undo/?at={risk.updated_at.isoformat().replace('+', '%2B')}"
    assert "no change of yours" in client.post(address, follow=True).content.decode()
    assert present(risk).owner == zoe
    assert client.post(f"/risks/{risk.reference}/undo/?at=yesterday").status_code == 400


def test_the_state_is_set_by_its_step_and_taken_back(client, mia):
    risk = operations.assess(risks.risk(owner=mia), by=by(mia), at=risks.AT)
    steps = client.get(f"/risks/{risk.reference}/set/state/", headers=OVER_LIST).content.decode()
    assert f"/risks/{risk.reference}/treat/" in steps
    answer = client.post(
        f"/risks/{risk.reference}/treat/",
        {"treatment": "avoid", "owner": mia.pk, "version": risk.version},
        headers=OVER_LIST,
    )
    assert answer.status_code == 204
    assert present(risk).state == "treating"
    undo = re.search(r'"undo": "([^"]+)"', answer["HX-Trigger"])[1]

    client.post(undo)

    assert (present(risk).state, present(risk).treatment) == ("assessing", "")
    assert Event.objects.filter(subject=risk.subject_id, verb="risklog.risk_assessing").count() == 2


def test_only_rows_that_the_reader_may_change_have_editors(client):
    ana = people.user("Ana Moreau")
    client.force_login(ana)
    own, other = risks.risk(owner=ana), risks.risk("Of somebody else")
    text = client.get("/risks/").content.decode()
    assert f'href="{own.reference}/set/owner/"' in text
    assert f"{other.reference}/set/owner/" not in text
    assert client.get(f"/risks/{other.reference}/set/state/").status_code == 403
    assert client.post(f"/risks/{other.reference}/undo/?at=2026-11-23T10:00:00Z").status_code == 403


def test_a_change_by_api_is_undone(client, mia):
    def send(method, path, body, **headers):
        return getattr(client, method)(path, body, content_type="application/json", headers=headers)

    risk = risks.risk(likelihood=2)
    path = f"/api/v1/risks/{risk.reference}"
    changed = send("patch", path, {"likelihood": 4}, **{"If-Match": "*"}).json()
    answer = send("post", f"{path}/undo", {"at": changed["updated_at"]})
    assert (answer.status_code, answer.json()["likelihood"]) == (200, 2)
    assert send("post", f"{path}/undo", {}).json()["errors"][0]["field"] == "at"


@pytest.mark.parametrize("step", ["merge", "close"])
def test_a_closed_risk_is_reopened_and_no_half_of_it_undone(client, mia, step):
    def send(path, body, **headers):
        return client.post(path, body, content_type="application/json", headers=headers)

    risk, into = risks.risk("Twice"), risks.risk("Once")
    path = f"/api/v1/risks/{risk.reference}"
    body = {"into": into.reference} if step == "merge" else {"evidence": "Seen to hold for a month."}
    assert send(f"{path}/{step}", body, **{"If-Match": "*"}).status_code == 200
    closed = present(risk)

    answer = send(f"{path}/undo", {"at": closed.updated_at.isoformat()})
    page = client.post(
        f"/risks/{risk.reference}/undo/", query_params={"at": closed.updated_at.isoformat()}, follow=True
    )

    assert (answer.status_code, "Reopen it" in answer.json()["detail"]) == (422, True)
    assert "Reopen it" in page.content.decode()
    after = present(risk)
    assert (after.version, after.review_on) == (closed.version, None)


def test_saving_without_a_change_says_so_and_offers_no_undo(client, mia, at):
    risk = operations.change(risks.risk(), {"owner": mia}, by=by(mia), at=at)
    address = f"/risks/{risk.reference}/set/owner/"

    saved = client.post(address, {"owner": mia.pk, "version": risk.version}, headers=OVER_LIST)

    assert "Nothing changed" in saved["HX-Trigger"]
    assert "/undo/" not in saved["HX-Trigger"]


def test_an_undo_knows_every_field_that_a_change_can_set():
    restored = set(risk_bulk_undo._FIELDS.values())

    assert set(operations.CHANGEABLE) <= restored


def test_an_undo_restores_every_field_that_a_change_sets(client, mia, at):
    risk, other = risks.risk("Before"), make_category()
    former, fields = risk.category, ("description", "cause", "event", "effect", "affected", "feature")
    values = dict.fromkeys(fields, "After")
    risk = operations.change(risk, {**values, "title": "After", "category": other}, by=by(mia), at=at)
    url = f"/api/v1/risks/{risk.reference}/undo"

    Category.objects.filter(pk=former.pk).update(is_retired=True)
    refused = client.post(url, {"at": at.isoformat()}, content_type="application/json")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "category")
    assert present(risk).title == "After"

    Category.objects.filter(pk=former.pk).update(is_retired=False)
    answer = client.post(url, {"at": at.isoformat()}, content_type="application/json")

    assert answer.status_code == 200
    restored = present(risk)
    assert (restored.title, restored.subject.title, restored.category) == ("Before", "Before", former)
    assert [getattr(restored, name) for name in fields] == [""] * len(fields)


def make_category():
    return Category.objects.exclude(pk=risks.risk("Of a category").category_id).first()


def test_an_editor_after_the_session_has_ended_says_so_and_leads_to_the_sign_in(client):
    risk = risks.risk()
    here = "http://testserver/risks/?q=drift"
    headers = {"HX-Request": "true", "HX-Current-URL": here}
    address = f"/risks/{risk.reference}/set/owner/"

    opened = client.get(address, headers=headers)
    sent = client.post(address, {"owner": ""}, headers=headers)

    for answer in (opened, sent):
        text = answer.content.decode()
        assert answer.status_code == 401
        assert "You are signed out" in text
        assert 'href="/people/sign-in/?next=/risks/%3Fq%3Ddrift"' in text
        assert "<html" not in text
    assert client.get(address).status_code == 302
