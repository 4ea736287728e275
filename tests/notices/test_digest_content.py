"""What a digest says: figures with their differences, one chart, any week, and many people at once."""

import struct
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actions.operations import action as action_operations
from history.models import Due, Subject
from kit.actor import SYSTEM
from notices.models import Digest, Message
from notices.operations import digest, message
from notices.queries import digest as contents
from notices.queries import digest_chart
from people.models import User
from people.states import Role
from risklog.operations import escalation as escalations
from tests.factories import actions, meetings, notices, people, risklog_review, risks, signals

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


@pytest.fixture
def ana():
    people.organisation()
    return people.user("Ana", teams=[people.team("Credit")])


def shown(user, at, *, since=None, **more):
    reader = User.objects.with_sight().get(pk=user.pk)
    content = contents.content_for(reader, since=since or at - WEEK, at=at, **more)
    return contents.shown(reader, content)


def figures(user, at, **more):
    return {one.key: (one.number, one.difference) for one in shown(user, at, **more).figures}


def section(found, key):
    return next((one["lines"] for one in found.sections if one["key"] == key), [])


def test_figures_count_what_changed_and_compare_with_the_week_before(ana, at):
    for days in (1, 2, 8):
        risks.risk(at=at - timedelta(days=days))
    actions.action(due_on=at.date() - timedelta(days=2), at=at - timedelta(days=20))
    actions.action(due_on=at.date() - timedelta(days=12), at=at - timedelta(days=20))
    done = actions.action(due_on=at.date() - timedelta(days=15), at=at - timedelta(days=20))
    action_operations.finish(done, by=SYSTEM, at=at - timedelta(days=1))

    assert figures(ana, at) == {"opened": (2, 1), "closed": (0, 0), "escalated": (0, 0), "late": (2, 0)}


def test_escalated_is_never_0_above_an_escalated_row(ana, at):
    """An old escalation to the reader, which did not start this week."""
    risk = risks.risk(owner=ana, at=at - timedelta(days=30))
    risklog_review.ladder(("owner", 60, None))
    one = risklog_review.escalation(about=risk.subject, at=at - timedelta(days=20))
    found = shown(ana, at)
    rows = [
        line
        for part in found.sections
        for line in part["lines"]
        if line["reference"] == one.reference and part["key"] in ("mine", "escalations")
    ]

    assert len(rows) == 1
    assert figures(ana, at)["escalated"] == (1, 0)
    escalations.resolve(one, reason="It is over.", by=SYSTEM, at=at)
    assert figures(ana, at + timedelta(minutes=1))["escalated"] == (0, -1)
    assert not section(shown(ana, at + timedelta(minutes=1)), "escalations")


def test_what_was_restricted_since_is_not_counted(ana, at):
    risk = risks.risk("Canary")
    risks.risk("Other")
    content = contents.content_for(ana, since=at - WEEK, at=at + timedelta(minutes=1))
    Subject.objects.filter(pk=risk.subject_id).update(viewers=[], granted=[])

    found = contents.shown(ana, content)

    assert next(one.number for one in found.figures if one.key == "opened") == 1


def test_mine_is_first_also_in_the_mail(ana, at, settings):
    actions.action("Mine to do", owner=ana, due_on=at.date())
    risks.risk("A new one", at=at - timedelta(days=1))
    due = Due(kind=digest.DUE, subject=ana.subject, occurrence="2026-W48", at=at)
    digest.make(due, at=at)
    message.send_due(at=at, is_kept=True)
    mail = Message.objects.get(verb=digest.VERB)

    for body in (mail.sent_text, mail.sent_html):
        places = [body.index(text) for text in ("Mine to do", "This week", "A new one")]
        assert places == sorted(places)
    assert "1 new risk (+1 since the week before)" in mail.sent_text
    assert mail.sent_title == "Model risk, week 48: 1 waiting for you, 1 new risk"


# ------------------------------------------------------------------ chart


@pytest.fixture
def breach(ana, at):
    """An open breach of a metric of a model of Ana's team, with two weeks of points."""
    model = risklog_review.model("fraud-score", owner_team=ana.teams.get())
    series = signals.series(model.slug, feature="")
    signals.agreed(series, warning=0.25)
    start = at - timedelta(days=12, hours=1)
    signals.push(series, *([0.05] * 9), 0.1, 0.2, start=start, step=timedelta(days=1))
    signals.push(series, 0.31)  # an hour after `at`
    return series


def test_the_chart_is_an_image_with_its_whole_text(ana, breach, at, settings):
    later = at + timedelta(hours=2)
    digest.make(Due(kind=digest.DUE, subject=ana.subject, occurrence="2026-W48", at=later), at=later)

    with notices.mail_server(settings) as sink:
        message.send_due(at=later)

    assert not Message.objects.exclude(state="done").values_list("error", flat=True)
    mail = next(one for one in sink.mails if "Model risk" in one["Subject"])
    parts = {part.get_content_type(): part for part in mail.walk()}
    image = parts["image/png"].get_payload(decode=True)
    assert image[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", image[16:24]) == (1088, 320)
    assert parts["image/png"]["Content-ID"] == "<chart>"
    html = parts["text/html"].get_payload(decode=True).decode()
    assert 'src="cid:chart"' in html
    for body in (html, parts["text/plain"].get_payload(decode=True).decode()):
        assert "rose from 0.05 to 0.31" in " ".join(body.replace("=\n", "").split())
    assert mail.get_content_type() == "multipart/related"


def test_the_page_of_a_sent_mail_has_its_chart(client, ana, breach, at, settings):
    settings.IS_MAIL_KEPT = True
    later = at + timedelta(hours=2)
    digest.make(Due(kind=digest.DUE, subject=ana.subject, occurrence="2026-W48", at=later), at=later)
    message.send_due(at=later)
    sent = Message.objects.get(digest__user=ana)
    client.force_login(people.user(role=Role.ADMINISTRATOR))

    page = client.get(f"/notices/mail/{sent.pk}/as-sent/").content.decode()

    assert "cid:" in sent.sent_html
    assert "cid:" not in page
    assert 'src="data:image/png;base64,' in page


@pytest.mark.parametrize(
    ("values", "limit", "text"),
    [
        (
            [0.1, None, 0.3],
            0.25,
            "psi rose from 0.1 to 0.3, between 0.1 and 0.3. It is above the limit of 0.25.",
        ),
        ([0.3, 0.1], 0.25, "psi fell from 0.3 to 0.1, between 0.1 and 0.3. It is below the limit of 0.25."),
        ([2.0, 2.0], None, "psi stayed at 2, between 2 and 2."),
    ],
)
def test_the_sentence_of_a_chart(values, limit, text):
    assert digest_chart.sentence("psi", values, limit).endswith(text)


@pytest.mark.parametrize("values", [[1.0], [1.0, 1.0], [0.0, 0.0], [None, -3.0, 5e9], [1e-300, 2e-300]])
@pytest.mark.parametrize("limit", [None, 0.0, 2.0])
def test_every_chart_can_be_drawn(values, limit):
    assert digest_chart.png({"values": values, "limit": limit}).startswith(b"\x89PNG")


# ------------------------------------------------------------------ any week


def test_any_past_week_is_computed_and_says_so(client, ana, at):
    risks.risk("Back then", at=at - timedelta(days=20))
    client.force_login(ana)

    assert client.get("/notices/digest/?week=2026-W45").url == "/notices/digest/2026-W45/"
    page = client.get("/notices/digest/2026-W45/").content.decode()

    assert "Back then" in page
    assert "No digest was made for you in this week." in page
    assert "Back then" not in client.get("/notices/digest/2026-W46/").content.decode()


@pytest.mark.parametrize("week", ["2026-W60", "x", "2026-w01", "0001-W01", "9999-W01"])
def test_a_week_that_is_none_is_refused(client, ana, week):
    client.force_login(ana)

    assert client.get(f"/notices/digest/?week={week}").status_code == 400
    assert client.get(f"/notices/digest/{week}/").status_code == 404
    assert client.get(f"/api/v1/digests/{week}").status_code == 404


def test_a_week_to_come_is_not_known(client, ana):
    client.force_login(ana)

    assert client.get("/notices/digest/2027-W05/").status_code == 404


def test_the_api_lists_and_shows(client, ana, at):
    risks.risk("New one", at=at - timedelta(days=1))
    digest.make(Due(kind=digest.DUE, subject=ana.subject, occurrence="2026-W48", at=at), at=at)
    client.force_login(ana)

    listed = client.get("/api/v1/digests").json()["results"]
    stored = client.get("/api/v1/digests/2026-W48").json()
    current = client.get("/api/v1/digests/current").json()
    other = client.get("/api/v1/digests/2026-W46").json()

    assert [one["week"] for one in listed] == ["2026-W48"]
    assert (stored["is_stored"], current["is_stored"], other["is_stored"]) == (True, False, False)
    assert stored["figures"][0] == {"key": "opened", "number": 1, "noun": "new risk", "difference": 1}
    assert [line["title"] for line in stored["sections"][0]["lines"]] == ["New one"]
    client.force_login(people.user("Kim"))
    assert client.get("/api/v1/digests").json()["results"] == []


# ------------------------------------------------------------------ many people


def test_many_people_cost_as_few_queries_as_one(ana, breach, at):
    def fill(team):
        for _ in range(2):
            owner = people.user(teams=[team])
            risk = risks.risk(team=team, owner=owner, at=at - timedelta(days=1))
            actions.action(owner=owner, due_on=at.date(), about=risk.subject)
            group = risklog_review.breach_group(of_model=risklog_review.model(owner_team=team))
            risklog_review.review(about=group.subject)
            risks.restricted("Canary", team)
        meetings.series(team)

    def cost(week):
        digest.schedule(at)
        Due.objects.filter(kind=digest.DUE).update(occurrence=week, at=at, state="pending")
        due = Due.objects.filter(kind=digest.DUE).select_related("subject").earliest("pk")
        with CaptureQueriesContext(connection) as captured:
            digest.make(due, at=at)
        made = Digest.objects.filter(week=week).count()
        assert made == User.objects.active().count()
        return captured

    risklog_review.ladder(("owner", 60, None))
    fill(ana.teams.get())
    few = cost("2026-W48")
    for _ in range(3):
        fill(people.team())
    many = cost("2026-W49")

    reads = [one for one in many.captured_queries if one["sql"].startswith("SELECT")]
    assert len(many) <= len(few)
    assert len(reads) <= 12, [one["sql"][:120] for one in reads]
    assert all(one.content["chart"] for one in Digest.objects.filter(user=ana))


def test_the_others_of_the_same_moment_find_theirs_written(ana, at):
    kim = people.user("Kim")
    digest.schedule(at)
    moment = Due.objects.get(kind=digest.DUE, subject=ana.subject).at

    for person in (ana, kim):
        digest.make(Due.objects.get(kind=digest.DUE, subject=person.subject), at=moment)

    assert Digest.objects.filter(week="2026-W48").count() == 2


def test_each_person_of_a_batch_sees_only_theirs(ana, at):
    team = people.team()
    wei = people.user("Wei", teams=[team])
    risks.restricted("Canary", team)
    digest.schedule(at)
    digest.make(Due.objects.get(kind=digest.DUE, subject=ana.subject), at=at)

    made = {one.user: str(one.content) for one in Digest.objects.select_related("user")}

    assert "Canary" in made[wei]
    assert "Canary" not in made[ana]
