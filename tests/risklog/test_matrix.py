"""The matrix of the organisation: what it changes, what is told before, and that no old level is left."""

import json
from datetime import timedelta

import pytest

from history.models import Event
from kit.actor import SYSTEM
from kit.refusals import ChangedMeanwhile, Refused
from people.states import Role
from risklog import scoring
from risklog.models import RiskMatrix
from risklog.models.matrix import present_matrix
from risklog.operations import matrix as operations
from tests.factories import people, risks

pytestmark = pytest.mark.django_db
PAGE, API = "/risks/matrix/", "/api/v1/risk-matrix"
NAMES = ["Trivial", "Small", "Middling", "Grave", "Disastrous"]


def cells_with(**levels: int) -> list[list[int]]:
    """Return the default cells with other levels: cells_with(c4x4=5)."""
    cells = [list(row) for row in scoring.CELLS]
    for name, level in levels.items():
        likelihood, impact = name.removeprefix("c").split("x")
        cells[int(likelihood) - 1][int(impact) - 1] = level
    return cells


def change(at, **values) -> RiskMatrix:
    return operations.change(RiskMatrix.present(), values, by=SYSTEM, at=at)


@pytest.fixture
def manager(client):
    person = people.user("Mia Berg", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def references(client, query: str) -> set[str]:
    return {row["reference"] for row in client.get(f"/api/v1/risks?{query}").json()["results"]}


def test_lists_filters_heat_map_and_export_follow_at_once(client, manager, at):
    four_four, four_three = risks.risk(likelihood=4, impact=4), risks.risk(likelihood=4, impact=3)
    assert references(client, "level=4") == {four_four.reference, four_three.reference}

    change(at, cells=cells_with(c4x4=5), levels=NAMES)

    assert references(client, "level=5") == {four_four.reference}
    assert references(client, "level=4") == {four_three.reference}
    page = client.get("/risks/?level=5").content.decode()
    assert four_four.reference in page
    assert four_three.reference not in page
    assert "Disastrous" in page
    assert "Critical</span>" not in page
    rows = json.loads(b"".join(client.get("/risks/export/?format=json").streaming_content))
    assert {row["reference"]: row["level"] for row in rows} == {
        four_four.reference: 5,
        four_three.reference: 4,
    }
    sheet = b"".join(client.get("/risks/export/?format=csv&level=5").streaming_content).decode()
    assert "Disastrous" in sheet
    heat = client.get("/risks/heat/").content.decode()
    assert "major impact, Disastrous: 1 risk" in heat
    assert client.get(f"/api/v1/risks/{four_four.reference}").json()["level"] == 5


@pytest.mark.parametrize("levels", [{1}, {2, 4}, {3, 5}, {1, 2, 3, 4, 5}])
def test_the_filter_finds_the_risks_whose_cell_has_the_level(client, manager, at, levels):
    change(at, cells=cells_with(c1x5=3, c5x1=3, c2x2=3, c4x3=3))
    found = {
        risks.risk(likelihood=likelihood, impact=impact).reference: (likelihood, impact)
        for likelihood, impact in ((1, 5), (5, 1), (2, 2), (4, 1), (4, 3), (3, 4), (5, 5), (3, 3))
    }
    matrix = present_matrix()

    listed = references(client, f"level={','.join(map(str, levels))}")

    assert listed == {name for name, cell in found.items() if matrix.level(*cell) in levels}


def test_a_change_says_before_how_many_risks_change_level_and_writes_nothing(client, manager, at):
    risks.risk(likelihood=4, impact=4)
    risks.risk(likelihood=1, impact=3)
    risks.restricted("Hidden", people.team("Secret"), likelihood=4, impact=4)
    cells = cells_with(c4x4=5, c1x3=2)

    answer = client.patch(
        API, {"cells": cells, "dry_run": True}, content_type="application/json", headers={"If-Match": "*"}
    )

    assert answer.status_code == 200
    assert answer.json()["effect"] == {"changed": 2, "risen": 2, "fallen": 0}
    assert not RiskMatrix.objects.exists()
    form = client.get(f"{PAGE}edit/").context["form"]
    fields = {name: field.initial for name, field in form.fields.items()} | {"cell_4_4": 5, "version": 1}
    page = client.post(f"{PAGE}edit/", {**fields, "step": "preview"})
    assert "1 live risk would change the level" in page.content.decode()
    fields |= {"step": "apply", "counted": page.context["form"].mark}
    other = client.post(f"{PAGE}edit/", {**fields, "cell_1_3": 2})
    assert (other.status_code, "2 live risks would change" in other.content.decode()) == (200, True)
    assert present_matrix().level(4, 4) == 4
    assert client.post(f"{PAGE}edit/", fields).status_code == 303
    assert present_matrix().level(4, 4) == 5
    assert "changed this matrix" in client.get(PAGE).content.decode()


def test_a_risk_that_rises_is_reviewed_as_early_as_its_level_asks(at):
    rises, stays = risks.risk(likelihood=5, impact=3), risks.risk(likelihood=2, impact=2)
    assert rises.review_on == at.date() + timedelta(days=30)

    change(at, cells=cells_with(c5x3=5, c2x2=1))

    rises.refresh_from_db()
    assert rises.review_on == at.date() + timedelta(days=14)
    assert Event.objects.get(subject=rises.subject, verb="risklog.risk_changed").data["level"] == [4, 5]
    assert not Event.objects.filter(subject=stays.subject, verb="risklog.risk_changed").exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("levels", ["a", "b", "c", "d"]),
        ("levels", ["Same", "same", "c", "d", "e"]),
        ("impacts", ["a", "b", "c", "d", " "]),
        ("likelihoods", ["a", "b", "c", "d", "e" * 41]),
        ("cells", [[1] * 5] * 4),
        ("cells", [[1] * 5] * 4 + [[1, 2, 3, 4, 6]]),
    ],
)
def test_what_is_no_matrix_is_refused_with_its_field(client, manager, at, field, value):
    with pytest.raises(Refused) as refused:
        change(at, **{field: value})
    assert refused.value.field == field
    answer = client.patch(API, {field: value}, content_type="application/json", headers={"If-Match": "*"})
    assert answer.status_code in {400, 422}
    assert field in json.dumps(answer.json())


def test_of_two_who_change_it_the_second_is_told(client, manager, at):
    tag = client.get(API)["ETag"]
    read = RiskMatrix.present()
    change(at, levels=NAMES)

    answer = client.patch(
        API, {"levels": NAMES[::-1]}, content_type="application/json", headers={"If-Match": tag}
    )

    assert answer.status_code == 412
    assert answer.json()["present"]["levels"] == NAMES
    with pytest.raises(ChangedMeanwhile):
        operations.change(read, {"levels": NAMES[::-1]}, by=SYSTEM, at=at, seen=1)
    assert client.patch(API, {"levels": NAMES}, content_type="application/json").status_code == 428


def test_members_read_the_matrix_and_do_not_change_it(client, at):
    client.force_login(people.user("Ana"))

    assert client.get(API).json()["levels"] == list(scoring.LEVELS.values())
    assert client.get(PAGE).status_code == 200
    assert client.get(f"{PAGE}edit/").status_code == 403
    answer = client.patch(API, {"levels": NAMES}, content_type="application/json", headers={"If-Match": "*"})
    assert answer.status_code == 403


def test_the_names_of_the_steps_are_read_from_a_sheet_and_shown_in_forms(client, manager, at):
    from risklog.columns import DateOrder, figure_words, value_of

    change(at, likelihoods=["Once in ten years", "Yearly", "Monthly", "Weekly", "Daily"])

    words = figure_words(present_matrix())
    assert value_of("likelihood", "weekly", DateOrder.AUTO, words) == 4
    assert "4 Weekly" in client.get(f"/risks/{risks.risk().reference}/edit/").content.decode()


def test_an_estimate_stands_for_a_cell_of_its_level(at):
    change(at, cells=cells_with(c4x4=5))

    assert present_matrix().estimate(4) == (3, 4)
    assert present_matrix().estimate(3) == (3, 3)


def test_a_level_that_falls_as_likelihood_or_impact_rises_is_refused_with_its_cell(client, manager, at):
    answer = client.patch(
        API, {"cells": cells_with(c5x5=3)}, content_type="application/json", headers={"If-Match": "*"}
    )
    form = client.get(f"{PAGE}edit/").context["form"]
    fields = {name: field.initial for name, field in form.fields.items()} | {"cell_5_5": 3, "version": 1}
    page = client.post(f"{PAGE}edit/", {**fields, "step": "preview"})

    assert (answer.status_code, page.status_code) == (422, 422)
    assert "The level of likelihood 5, impact 5" in json.dumps(answer.json())
    assert "The level of likelihood 5, impact 5" in page.content.decode()


def test_a_dry_run_names_the_version_it_read(client, manager, at):
    def send(**headers):
        body = {"levels": NAMES, "dry_run": True}
        return client.patch(API, body, content_type="application/json", headers=headers).status_code

    tag = client.get(API)["ETag"]
    change(at, levels=NAMES)
    assert (send(), send(**{"If-Match": tag}), send(**{"If-Match": "*"})) == (428, 412, 200)


def test_the_tab_and_the_teams_name_the_two_highest_levels_as_the_matrix_does(client, manager, at):
    risks.risk()
    change(at, levels=NAMES)
    for url in ("/risks/", "/risks/teams/"):
        page = client.get(url).content.decode()
        assert "Disastrous &amp; grave" in page
        assert "Critical &amp; high" not in page
