"""Models, aliases and versions from a table: all rows or none, and the same table again changes nothing."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from catalogue.models import Alias, Model, Version
from catalogue.operations import model_sheet
from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from people.operations import token
from people.states import Role
from tests.conftest import AT
from tests.factories import catalogue, people

pytestmark = pytest.mark.django_db
TABLE = """Model,Owner team,Developer,Tier,Stage,Aliases,Version,Version stage,Parent,Made at
Churn,growth,mia@example.org,2,development,churn_v2; Abwanderung,1,archived,,2026-01-02
Churn,,,,,,2,production,1,2026-02-03T04:05Z
Fraud,,,,,,,,,
"""


@pytest.fixture
def mia():
    people.organisation(time_zone="UTC")
    people.team("Growth")
    return people.user("Mia", email="mia@example.org", role=Role.RISK_MANAGER)


def rows_of(text):
    lines = [line.split(",") for line in text.strip().splitlines()]
    return lines[0], list(enumerate(lines[1:], 2))


def take(text, by, *, is_check=False):
    header, rows = rows_of(text)
    return model_sheet.take(header, rows, is_check=is_check, by=Actor(by, "import"), at=AT)


def test_a_table_is_imported_once(mia):
    events = Event.objects.count()
    checked = take(TABLE, mia, is_check=True)
    assert (Model.objects.count(), Event.objects.count()) == (0, events)
    done = take(TABLE, mia)

    assert [row.result for row in done] == [row.result for row in checked]
    assert [row.result for row in done] == [
        "new model, 2 new aliases, new version",
        "new version",
        "new model",
    ]
    churn = Model.objects.get(name="Churn")
    assert (churn.owner_team.slug, churn.developer, churn.tier, churn.stage) == (
        "growth",
        mia,
        2,
        "development",
    )
    assert set(Alias.objects.values_list("name", flat=True)) == {"churn_v2", "Abwanderung"}
    one, two = Version.objects.order_by("name")
    assert (two.parent, two.stage, two.made_at.isoformat()) == (
        one,
        "production",
        "2026-02-03T04:05:00+00:00",
    )

    events = Event.objects.count()
    assert {row.result for row in take(TABLE, mia)} == {"unchanged"}
    assert Event.objects.count() == events
    changed = take("model,stage,version,code\nchurn-v2,retired,2,abc", mia)  # by an alias
    assert changed[0].result == "model changed, version changed"


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"model": ""}, "model"),
        ({"model": "m" * 121}, "model"),
        ({"model": "new"}, "model"),  # has no page, because /models/new/ is a form
        ({"tier": "5"}, "tier"),
        ({"owner_team": "nobody"}, "owner_team"),
        ({"developer": "x@example.org"}, "developer"),
        ({"stage": "old"}, "stage"),
        ({"link": "javascript:alert(1)"}, "link"),
        ({"version": "1", "parent": "0"}, "parent"),
        ({"version": "1", "made_at": "2026-02-31"}, "made_at"),
        ({"version": "1", "made_at": "yesterday"}, "made_at"),
        ({"aliases": "Taken"}, "aliases"),
    ],
)
def test_one_wrong_cell_imports_nothing_and_is_named(mia, cells, column):
    catalogue.model("taken", name="Taken")
    row = {"model": "Brand", **cells}
    done = model_sheet.take(
        ["model", *[name for name in row if name != "model"]],
        [(2, ["Good"]), (3, list(row.values()))],
        is_check=False,
        by=Actor(mia, "import"),
        at=AT,
    )
    assert [(one.line, one.column) for one in done if one.problem] == [(3, column)]
    assert Model.objects.count() == 1


def test_a_table_with_an_unknown_column_is_refused(mia):
    for text in ("model,colour\na,red", "purpose\nx", "model,Model\na,b", "model"):
        with pytest.raises(Refused) as refused:
            take(text, mia)
        assert refused.value.field == "csv"


def test_a_hidden_model_answers_as_one_of_others(mia):
    team = people.team("Fraud")
    catalogue.model("hidden", viewers=[team.subject_id])
    catalogue.model("others", owner_team=team)
    sam = people.user("Sam")

    done = take("model,purpose\nhidden,x\nothers,x\n", sam)
    assert {row.problem for row in done} == {"You may not change the model of this name."}


def test_a_file_is_checked_and_imported_on_the_page(client, mia):
    client.force_login(mia)
    assert client.post("/models/import/", {}).status_code == 422
    sent = client.post("/models/import/", {"file": SimpleUploadedFile("m.csv", TABLE.encode())})
    shown = sent.content.decode()
    assert (sent.status_code, Model.objects.count()) == (200, 0)
    assert "New model, 2 new aliases, new version" in shown and "Import 3 rows" in shown
    text = sent.context["text"]
    assert client.post("/models/import/", {"csv": text, "step": "import"}).status_code == 303
    assert Model.objects.count() == 2
    wrong = client.post("/models/import/", {"csv": "model,tier\nChurn,9", "step": "import"})
    assert (wrong.status_code, "Use one of 1, 2, 3, 4." in wrong.content.decode()) == (422, True)


def test_a_table_is_imported_by_api(client, mia):
    _, text = token.issue(mia, name="all", scope="write", by=SYSTEM, at=AT)

    def post(**body):
        headers = {"Authorization": f"Bearer {text}"}
        sent = {"data": json.dumps(body), "content_type": "application/json"}
        return client.post("/api/v1/models/import", **sent, headers=headers)

    assert post(csv=TABLE, dry_run=True).json()["is_imported"] is False
    assert Model.objects.count() == 0
    done = post(csv=TABLE).json()
    assert (done["is_imported"], [row["line"] for row in done["rows"]]) == (True, [2, 3, 4])
    assert post(csv="model,colour\na,red").status_code == 422
    assert post(csv="\x00").status_code in {400, 422}
