"""What an incident taught appears where a like risk is opened, is used there, and its team is thanked."""

from datetime import timedelta

import pytest

from learnings.models import Learning, Recognition
from notices.queries.digest import content_for
from riskhub import schedule
from risklog.models import Risk
from tests.conftest import AT
from tests.factories import catalogue, people, risks, signals
from tests.factories.incidents import incident, reviewed
from tests.factories.recognitions import CHANGED_ON
from tests.flows.signed_in import Browser
from tests.whole_pages import whole_page

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_from_the_review_of_an_incident_to_a_like_risk_and_to_thanks(client, move_clock):
    people.organisation()
    team = people.team("Growth ML")
    wei, ken = (Browser(type(client), people.user(name, teams=[team])) for name in ("Wei", "Ken"))
    model, category = catalogue.model("credit-pd", owner_team=team), risks.category("data-latency")

    # A finished review drafts a learning. Wei takes the draft and publishes it.
    reviewed(incident("Scores froze", model=model, state="resolved"))
    schedule.tick(AT)
    learning = Learning.objects.get()
    address = f"/learnings/{learning.reference}/"
    assert learning.model == model
    assert "Draft without an author" in ken.read("/learnings/?show=drafts")
    wei.send(address, f"{address}take/", version=learning.version)
    texts = {"title": "Alert on jobs that do not finish", "seen": learning.seen, "model": model.pk}
    learning.refresh_from_db()
    wei.send(f"{address}edit/", f"{address}edit/", version=learning.version, then="publish", **texts)

    # Ken reports a like risk, sees the learning while he writes, and uses it.
    typed = {"title": "Scores of the weekend are missing", "model": model.pk}
    assert texts["title"] in ken.client.get("/risks/like/", typed).content.decode()
    assert texts["title"] not in ken.client.get("/risks/like/", {"title": "Prices"}).content.decode()
    ken.send("/risks/new/", "/risks/new/", category=category.pk, guess=4, **typed)
    risk = Risk.objects.get(title=typed["title"])
    use = f"{address}use/?about={risk.reference}"
    assert use in whole_page(ken.client, f"/risks/{risk.reference}/")
    ken.send(use, f"{address}use/", about=risk.reference, note="The new alert told us within minutes.")
    assert risk.reference in wei.read(address)

    # The metric is better since then, so Ken thanks the team, and everybody sees the curve.
    series = signals.series(model, "late_jobs", values=(9.0,))
    signals.push(series, *[9.0] * 5, start=AT - 12 * DAY, step=DAY)
    signals.push(series, *[1.0] * 5, start=AT - 5 * DAY, step=DAY)
    move_clock(AT + DAY)
    thanks = {"title": "The jobs are on time", "kind": "drift_reduced", "about": risk.reference}
    figures = {"metric_series": series.pk, "metric_changed_on": CHANGED_ON.isoformat(), "metric_days": 14}
    new = f"/learnings/recognitions/new/?about={risk.reference}"
    ken.send(new, "/learnings/recognitions/new/", team=team.pk, **thanks, **figures)
    given = Recognition.objects.get()
    assert given.metric_before > given.metric_after
    assert "<svg" in wei.read(f"/learnings/recognitions/{given.pk}/")
    assert thanks["title"] in wei.read(f"/people/teams/{team.slug}/")

    # The weekly digest tells both.
    digest = str(content_for(people.user(), since=AT - DAY, at=AT + 2 * DAY))
    assert texts["title"] in digest and thanks["title"] in digest
