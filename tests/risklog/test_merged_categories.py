"""A merged category: its risks, ladders, appetites, filters and names lead to the one that took over."""

import io

import pytest

from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove
from people.states import Role
from risklog.models import Appetite, Category, Ladder
from risklog.operations import appetite, import_apply, imports, taxonomy
from risklog.operations import ladder as ladders
from risklog.states import Who
from tests.factories import people, risks

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client):
    person = people.user("Mia Berg", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


@pytest.fixture
def noise():
    return risks.category("label-noise")


@pytest.fixture
def bias():
    return risks.category("sampling-bias")


def merge(old, new, at):
    return taxonomy.merge(old, into=new, why="Both mean the same.", by=SYSTEM, at=at)


def found(client, query: str) -> set[str]:
    return {row["reference"] for row in client.get(f"/api/v1/risks?{query}").json()["results"]}


def test_filters_by_the_merged_category_find_its_risks_also_after_a_second_merge(
    client, manager, at, noise, bias
):
    risk, drift = risks.risk(category=noise), risks.category("data-drift")

    merge(noise, bias, at)
    assert (
        found(client, "category=label-noise") == found(client, "category=sampling-bias") == {risk.reference}
    )
    merge(bias, drift, at)

    assert found(client, "category=label-noise") == {risk.reference}
    assert risk.reference in client.get("/risks/?category=label-noise").content.decode()
    noise.refresh_from_db()
    assert noise.merged_into == drift
    page = client.get("/risks/categories/label-noise/").content.decode()
    assert f'href="/risks/categories/{drift.slug}/"' in page


def test_ladders_and_appetites_move_unless_the_other_has_its_own(at, noise, bias):
    rungs = [{"who": Who.OWNER, "within_minutes": 60}]
    made = ladders.add(name="Noise", rungs=rungs, category=noise, by=SYSTEM, at=at)
    for category, tier in ((noise, None), (noise, 1), (bias, 1)):
        appetite.add(max_score=25, why="Agreed by the board.", category=category, tier=tier, by=SYSTEM, at=at)

    merge(noise, bias, at)

    assert Ladder.objects.get(pk=made.pk).category == bias
    assert Appetite.objects.filter(category=bias).count() == 2


def test_a_sheet_with_the_old_name_puts_its_risks_into_the_new_category(manager, at, noise, bias):
    merge(noise, bias, at)
    sheet = io.BytesIO(b"Risk,Category\nLabels are late,Label noise\n")

    by = Actor(manager, "page")
    import_apply.apply(imports.take(sheet, name="risks.csv", by=by, at=at), by=by, at=at)

    assert bias.risks.get().title == "Labels are late"


def test_a_retired_category_is_not_merged_and_a_restored_one_is_its_own_again(
    client, manager, at, noise, bias
):
    merge(noise, bias, at)
    with pytest.raises(IllegalMove):
        merge(noise, risks.category("data-drift"), at)

    taxonomy.restore(noise, by=SYSTEM, at=at)

    assert Category.objects.get(pk=noise.pk).merged_into is None
    risk = risks.risk(category=noise)
    assert found(client, "category=label-noise") == {risk.reference}


def test_the_api_merges_retires_and_restores(client, manager, at, noise, bias):
    url = "/api/v1/categories/label-noise"
    assert (
        client.post(f"{url}/merge", {"into": "sampling-bias"}, content_type="application/json").status_code
        == 428
    )

    def step(name, **body):
        tag = client.get(url)["ETag"]
        sent = {"content_type": "application/json", "headers": {"If-Match": tag}}
        return client.post(f"{url}/{name}", body, **sent)

    answer = step("merge", into="no-such", why="Both mean the same.")
    assert answer.json()["errors"][0]["field"] == "into"
    assert step("merge", into="sampling-bias").json()["errors"][0]["field"] == "why"
    merged = step("merge", into="sampling-bias", why="Both mean the same.").json()
    assert (merged["merged_into_slug"], merged["why"]) == ("sampling-bias", "Both mean the same.")
    restored = step("restore").json()
    assert (restored["is_retired"], restored["why"]) == (False, "")
    assert step("retire").json()["merged_into_slug"] is None


def test_the_word_leads_to_its_meaning_in_forms_and_pages(client, manager, noise):
    risk = risks.risk(category=noise)

    meaning = client.get(f"/risks/categories/meaning/?category={noise.pk}").content.decode()
    page = client.get(f"/risks/{risk.reference}/").content.decode()
    form = client.get("/risks/new/").content.decode()

    for place in ("/risks/", "/risks/?columns=category", f"/risks/{risk.reference}/peek/"):
        shown = client.get(place).content.decode()
        links = {"categories/label-noise/", "/risks/categories/label-noise/"}
        assert any(f'href="{link}">{noise.name}</a>' in shown for link in links), place
    assert noise.definition[:40] in meaning
    assert noise.definition[:40] in page
    assert 'hx-get="/risks/categories/meaning/"' in form
    for odd in ("", "x", "9" * 30, "٣"):
        assert client.get(f"/risks/categories/meaning/?category={odd}").status_code == 200


def test_an_appetite_that_loses_ends_and_the_page_says_so_before(client, manager, at, noise, bias):
    risks.risk(category=noise)
    lost = appetite.add(max_score=9, why="Agreed by the board.", category=noise, by=SYSTEM, at=at)
    appetite.add(max_score=12, why="Agreed by the board.", category=bias, by=SYSTEM, at=at)

    page = " ".join(client.get("/risks/categories/label-noise/").content.decode().split())
    assert "A merge moves 1 risk that you see" in page
    assert f"(up to score 9) ends in a merge into {bias.name}" in page
    merge(noise, bias, at)

    lost.refresh_from_db()
    assert lost.is_retired
    assert [one.max_score for one in Appetite.objects.filter(is_retired=False)] == [12]
