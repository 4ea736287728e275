"""Who may sign off a change request, why these, and what the page and the API say if nobody may."""

import re

import pytest

from catalogue.models import ChangeRequest
from catalogue.operations import change_request
from catalogue.queries import change_request as queries
from catalogue.states import RightKind
from history import operations as history
from kit.actor import Actor
from kit.rights import may
from people.models import User
from people.operations import token
from people.states import Role
from tests.conftest import AT
from tests.factories import catalogue, people

pytestmark = pytest.mark.django_db
LIST = "/models/change-requests/"


@pytest.fixture
def mia():
    """Return the only risk manager, who also holds the right."""
    people.organisation()
    person = people.user("Mia", role=Role.RISK_MANAGER)
    catalogue.right(RightKind.MODEL_CHANGE, person=person)
    return person


@pytest.fixture
def head(mia):
    _, text = token.issue(mia, name="ci", scope="write", by=Actor(mia, "page"), at=AT)
    return {"Authorization": f"Bearer {text}"}


def agrees(request: ChangeRequest) -> list[User]:
    """Return signers(), which must be exactly the people with the permission who see the request."""
    found = queries.signers(ChangeRequest.objects.select_related("subject", "model").get(pk=request.pk))
    shown = queries.set_signer(ChangeRequest.objects.select_related("subject", "model").get(pk=request.pk))
    allowed = [one for one in User.objects.active() if may(one, "catalogue.change_sign", shown)]
    assert {one.pk for one in found} == {one.pk for one in allowed}
    return found


def test_an_administrator_signs_what_the_only_risk_manager_opened(client, mia, head):
    adam, otto = people.user("Adam", role=Role.ADMINISTRATOR), people.user("Otto")
    request = catalogue.change(catalogue.model(tier=4), opened_by=mia)
    address = f"/api/v1/change-requests/{request.reference}"
    assert agrees(request) == [adam]

    client.force_login(mia)
    page = client.get(f"{LIST}{request.reference}/").content.decode()
    assert "Mia, who holds the right, opened it. Who may: Adam." in page and "/sign/" not in page
    assert re.search(r"<dt>Signs off</dt>\s*<dd>\s*Adam\s*</dd>", page)
    row = client.get(f"{address}/signers", headers=head).json()
    assert row["people"] == [{"user_id": adam.pk, "name": "Adam"}] and row["is_stuck"] is False
    match = {**head, "If-Match": "*"}
    assert client.post(f"{address}/sign", {}, "application/json", headers=match).status_code == 403
    client.force_login(otto)
    assert client.post(f"{LIST}{request.reference}/sign/", {"version": request.version}).status_code == 403
    client.force_login(adam)
    assert "/sign/" in client.get(f"{LIST}{request.reference}/").content.decode()
    assert client.post(f"{LIST}{request.reference}/sign/", {"version": request.version}).status_code == 303
    assert ChangeRequest.objects.get().settled_by == adam


def test_the_page_and_the_api_say_why_nobody_may_sign(client, mia, head):
    request = catalogue.change(catalogue.model(tier=4), opened_by=mia)
    assert agrees(request) == []
    row = client.get(f"/api/v1/change-requests/{request.reference}/signers", headers=head).json()
    assert row["is_stuck"] is True and row["people"] == []
    assert "no other risk manager or administrator can see it" in row["text"]
    client.force_login(mia)
    page = client.get(f"{LIST}{request.reference}/").content.decode()
    assert "Nobody can sign off." in page and "Nobody signs what they opened" in page
    match = {**head, "If-Match": "*"}
    address = f"/api/v1/change-requests/{request.reference}/sign"
    assert client.post(address, {}, "application/json", headers=match).status_code == 403

    people.user("Rita", role=Role.RISK_MANAGER)
    page = client.get(f"{LIST}{request.reference}/").content.decode()
    assert "Nobody can sign off." not in page and "Who may: Rita." in page


def test_who_may_not_see_a_restricted_request_does_not_sign_it(client, mia, head):
    team = people.team("Security")
    inside = people.user("Ina", role=Role.RISK_MANAGER, teams=[team])
    outside = people.user("Adam", role=Role.ADMINISTRATOR)
    model = catalogue.model(tier=4)
    request = catalogue.change(model, opened_by=people.user("Otto", teams=[team]))
    history.restrict(model.subject, [team.subject_id])

    assert agrees(request) == [inside]  # not Mia, who holds the right and may not see it
    for person in (mia, outside):
        client.force_login(person)
        assert client.get(f"{LIST}{request.reference}/").status_code == 404
    hidden = client.get(f"/api/v1/change-requests/{request.reference}/signers", headers=head)
    assert hidden.status_code == 404


def test_without_a_right_nobody_signs_and_the_api_says_what_helps(client):
    people.organisation()
    mia = people.user("Mia", role=Role.RISK_MANAGER)
    request = catalogue.change(catalogue.model(tier=4), opened_by=people.user("Otto"))
    _, text = token.issue(mia, name="ci", scope="read", by=Actor(mia, "page"), at=AT)
    row = client.get(
        f"/api/v1/change-requests/{request.reference}/signers", headers={"Authorization": f"Bearer {text}"}
    ).json()
    assert row == {
        "people": [],
        "text": "Nobody holds this decision right. Ask a risk manager to assign it.",
        "is_stuck": True,
    }


def test_nobody_is_named_while_a_request_cannot_be_signed(client, mia, head):
    adam = people.user("Adam", role=Role.ADMINISTRATOR)
    in_review = catalogue.change(catalogue.model(tier=1), opened_by=mia)
    fast = catalogue.change(catalogue.model("other", tier=4), opened_by=mia)
    change_request.decline(fast, reason="No", by=Actor(adam, "page"), at=AT)

    rows = [
        client.get(f"/api/v1/change-requests/{one.reference}/signers", headers=head).json()
        for one in (in_review, fast)
    ]

    assert [row["people"] for row in rows] == [[], []]
    assert "when its review is settled" in rows[0]["text"]
    assert rows[1]["text"] == "It is decided, so nobody signs it any more."
