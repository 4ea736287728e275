"""Runs of experiments, and challenges and reproductions with their answers, on pages and by the API."""

import json

import pytest

from catalogue.operations import model as models
from history.models import Event
from history.queries import rebuilt
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, Refused
from notices.models import Entry
from people.operations import token
from riskhub import schedule
from risklog.models import Challenge, Experiment, ExperimentRun
from risklog.operations import challenge as operations
from risklog.operations import experiment as of_experiment
from risklog.operations import experiment_runs
from risklog.queries import experiment as queries
from risklog.states import ExperimentState
from tests.conftest import AT
from tests.factories import catalogue, experiments, people
from tests.risklog.test_experiments import refused

pytestmark = pytest.mark.django_db
ACT = {"by": SYSTEM, "at": AT}
FINISHED, RUNNING = ExperimentState.FINISHED, ExperimentState.RUNNING


@pytest.fixture
def workflow():
    return catalogue.workflow()


@pytest.fixture
def owners():
    return experiments.owners()


# ------------------------------------------------------------------ runs


def test_runs_are_linked_once_until_the_end_and_compared_with_the_baseline(workflow, owners):
    running = experiments.experiment(state=RUNNING, owners=owners)
    first, second, third = (catalogue.run(workflow) for _ in range(3))
    experiments.linked(running, first, "baseline")
    row = experiments.linked(running, second)

    refused(lambda: experiments.linked(running, second), field="run")
    refused(lambda: experiments.linked(running, third, "party"), field="arm")
    shown = queries.runs_of(owners[0], running)
    assert [linked.run for linked in shown] == [first, second]
    assert queries.comparison_of(shown) == (first, second)
    assert queries.comparison_of(shown[:1]) is None

    experiment_runs.unlink(row, **ACT)
    experiments.linked(running, second, "baseline")  # its row is used again
    assert ExperimentRun.objects.get(pk=row.pk).arm == "baseline"
    experiments.finish(running)
    refused(lambda: experiments.linked(running, third), field="state")
    refused(lambda: experiment_runs.unlink(ExperimentRun.objects.get(pk=row.pk), **ACT), field="state")


def test_a_run_is_of_the_model_of_the_experiment_or_of_one_that_it_reads(client, owners):
    own, other = catalogue.model("own"), catalogue.model("other")
    far = catalogue.model("far")
    near = catalogue.model("near", upstream=[far])
    models.change(own, {"upstream": [near]}, **ACT)
    running = experiments.experiment(owners=owners, model=own)
    runs = {model.slug: catalogue.run(catalogue.workflow(model)) for model in (own, near, far, other)}

    with pytest.raises(Refused, match="of another model") as caught:
        experiments.linked(running, runs["other"])
    assert caught.value.field == "run"
    for name in ("own", "near", "far"):
        experiments.linked(running, runs[name])
    client.force_login(owners[0])
    page = client.get(f"/risks/experiments/{running.reference}/runs/").content.decode()
    named = {name: f"{run.workflow.model.name}: {run.subject_title}" for name, run in runs.items()}
    assert named["far"] in page and named["other"] not in page
    experiments.linked(experiments.experiment(owners=owners), runs["other"])  # it names no model


def test_the_arm_of_a_run_that_is_linked_already_can_change(owners):
    own, other = catalogue.model("own"), catalogue.model("other")
    running = experiments.experiment(owners=owners, model=other)
    run = catalogue.run(catalogue.workflow(other))
    experiments.linked(running, run)
    of_experiment.change(running, {"model": own}, **ACT)

    assert experiments.linked(running, run, "baseline").arm == "baseline"


def test_a_run_of_a_hidden_model_is_shown_only_to_who_may_see_it(client, owners):
    team = people.team()
    model = catalogue.model(viewers=[team.subject_id])
    hidden = catalogue.run(catalogue.workflow(model), "hidden-run")
    made = experiments.experiment(owners=owners, state=FINISHED)
    running = experiments.experiment(owners=owners)
    experiments.linked(running, hidden)
    experiments.challenge(made, kind="reproduction", run=hidden, is_reproduced=True)

    for person, is_shown in ((owners[0], False), (people.user(teams=[team]), True)):
        client.force_login(person)
        for one in (made, running):
            shown = client.get(f"/risks/experiments/{one.reference}/").content.decode()
            assert ("hidden-run" in shown) is is_shown
        rows = client.get(f"/api/v1/experiments/{made.reference}/challenges").json()["results"]
        assert [row["run_id"] for row in rows] == [hidden.pk if is_shown else None]
        runs = client.get(f"/api/v1/experiments/{running.reference}/runs").json()["results"]
        assert len(runs) == int(is_shown)


# ------------------------------------------------------------------ challenges


def test_others_challenge_and_an_owner_answers_once(owners):
    running, critic = experiments.experiment(state=RUNNING, owners=owners), people.user()
    refused(lambda: experiments.challenge(running, author=owners[0]), field="kind")
    refused(lambda: experiments.challenge(running, " ", author=critic), field="text")
    made = experiments.challenge(running, author=critic)
    stale = Challenge.objects.select_related("experiment__subject").get(pk=made.pk)

    refused(lambda: operations.answer(made, text="", **ACT), field="text")
    operations.answer(made, text="We doubled it", by=Actor(owners[1], "page"), at=AT)
    with pytest.raises(ChangedMeanwhile):
        operations.answer(stale, text="At the same time", **ACT)
    refused(lambda: operations.answer(made, text="Again", **ACT), field="state")

    schedule.tick(AT)
    assert Entry.objects.filter(user=owners[0], event__verb="risklog.experiment_challenged").exists()
    assert Entry.objects.get(user=critic, event__verb="risklog.challenge_answered").why == (
        "You challenged this experiment"
    )
    row = rebuilt("risklog.challenge", made.pk)
    assert (row["answer"], row["answered_by_id"]) == ("We doubled it", owners[1].pk)


def test_a_reproduction_names_another_run_of_a_finished_experiment(workflow):
    running = experiments.experiment(state=RUNNING)
    own, other = catalogue.run(workflow), catalogue.run(workflow)
    experiments.linked(running, own)
    said = {"kind": "reproduction", "is_reproduced": True}
    refused(lambda: experiments.challenge(running, run=other, **said), field="state")
    experiments.finish(running)

    refused(lambda: experiments.challenge(running, **said), field="run")
    refused(lambda: experiments.challenge(running, run=own, **said), field="run")
    refused(lambda: experiments.challenge(running, run=other, kind="reproduction"), field="is_reproduced")
    assert experiments.challenge(running, run=other, **said).is_reproduced is True


@pytest.mark.parametrize("has_workflow", [False, True])
def test_a_reproduction_is_a_run_of_the_model_of_the_experiment_or_of_one_that_it_reads(
    client, owners, has_workflow
):
    near, other = catalogue.model("near"), catalogue.model("other")
    own = catalogue.model("own", upstream=[near])
    about = {"workflow": catalogue.workflow(own)} if has_workflow else {"model": own}
    made = experiments.experiment(state=FINISHED, owners=owners, **about)
    runs = {model.slug: catalogue.run(catalogue.workflow(model, "Tests")) for model in (own, near, other)}
    said = {"kind": "reproduction", "is_reproduced": True}

    with pytest.raises(Refused, match="of another model") as caught:
        experiments.challenge(made, run=runs["other"], **said)
    assert caught.value.field == "run"
    for name in ("own", "near"):
        assert experiments.challenge(made, run=runs[name], **said).run == runs[name]

    critic = people.user("Cara Critic")
    client.force_login(critic)
    page = f"/risks/experiments/{made.reference}/challenge/"
    shown = client.get(page).content.decode()
    assert f'value="{runs["near"].pk}"' in shown and f'value="{runs["other"].pk}"' not in shown
    form = {"kind": "reproduction", "text": "Same slice", "is_reproduced": "yes"}
    refusal = client.post(page, {**form, "run": runs["other"].pk})
    assert (refusal.status_code, list(refusal.context["form"].errors)) == (422, ["run"])
    assert client.post(page, {**form, "run": runs["near"].pk}).status_code == 303
    _, text = token.issue(critic, name="Tests", scope="write", by=SYSTEM, at=AT)
    body = {**said, "text": "Same slice", "run": runs["other"].pk}
    answer = client.post(
        f"/api/v1/experiments/{made.reference}/challenges",
        json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {text}"},
    )
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, ["run"])


def test_riskhub_judges_a_run_that_repeats_one_of_the_experiment(workflow):
    running = experiments.experiment(state=RUNNING)
    own = catalogue.run(workflow, metrics={"auc": 0.8})
    repeated = catalogue.run(workflow, metrics={"auc": 0.5}, repeats=own)
    assert repeated.is_reproduced is False
    experiments.linked(running, own)
    experiments.finish(running)

    made = experiments.challenge(running, kind="reproduction", run=repeated, is_reproduced=True)

    assert made.is_reproduced is False
    assert Event.objects.get(verb="risklog.experiment_challenged").data["is_reproduced"] is False


# ------------------------------------------------------------------ pages and the API


def test_the_pages_of_a_challenge(client, owners):
    made, critic = experiments.experiment(state=RUNNING, owners=owners), people.user("Cara Critic")
    address = f"/risks/experiments/{made.reference}/"
    client.force_login(critic)
    assert client.post(f"{address}challenge/", {"kind": "challenge"}).status_code == 422
    assert client.post(f"{address}challenge/", {"kind": "challenge", "text": "Why AUC?"}).status_code == 303
    row = Challenge.objects.get()
    answer = f"{address}challenges/{row.pk}/answer/"
    assert client.get(answer).status_code == 403
    client.force_login(owners[0])
    shown = client.get(address).content.decode()
    assert "Why AUC?" in shown and answer in shown and f"{address}challenge/" not in shown
    assert client.post(answer, {"text": "It is agreed", "version": row.version}).status_code == 303
    assert "It is agreed" in client.get(address).content.decode()


@pytest.mark.parametrize(("answer", "stored"), [("yes", True), ("no", False)])
def test_the_page_of_a_reproduction_stores_its_result_and_refuses_another_one(
    client, owners, workflow, answer, stored
):
    made = experiments.experiment(state=FINISHED, owners=owners)
    client.force_login(people.user("Cara Critic"))
    page = f"/risks/experiments/{made.reference}/challenge/"
    given = {"kind": "reproduction", "text": "Same slice", "run": catalogue.run(workflow).pk}

    for wrong in ("", "maybe", "7740301"):
        refusal = client.post(page, {**given, "is_reproduced": wrong})
        assert (refusal.status_code, list(refusal.context["form"].errors)) == (422, ["is_reproduced"])
    wrong = {"kind": "challenge", "text": "Why AUC?", "is_reproduced": "7740301"}
    assert client.post(page, wrong).status_code == 422
    assert client.post(page, {**given, "is_reproduced": answer}).status_code == 303

    assert Challenge.objects.get().is_reproduced is stored


def test_the_pages_of_a_run(client, owners, workflow):
    made, run = experiments.experiment(owners=owners), catalogue.run(workflow, "train-1")
    client.force_login(owners[0])
    address = f"/risks/experiments/{made.reference}/"
    sent = {"run": run.pk, "arm": "baseline", "version": Experiment.objects.get().version}
    assert client.post(f"{address}runs/", {**sent, "run": 999}).status_code == 422
    assert client.post(f"{address}runs/", sent).status_code == 303
    assert "train-1" in client.get(address).content.decode()
    linked = ExperimentRun.objects.get()
    assert client.post(f"{address}runs/{linked.pk}/remove/", {"version": linked.version}).status_code == 303
    assert "train-1" not in client.get(address).content.decode()


def test_the_api_of_challenges_and_runs(client, owners, workflow):
    made, critic = experiments.experiment(state=FINISHED, owners=owners), people.user()
    open_one, run = experiments.experiment(owners=owners), catalogue.run(workflow)
    texts = {
        person: token.issue(person, name="Tests", scope="write", by=SYSTEM, at=AT)[1]
        for person in (owners[0], critic)
    }

    def send(person, address, body, etag=None):
        headers = {"Authorization": f"Bearer {texts[person]}", **({"If-Match": etag} if etag else {})}
        url = f"/api/v1/experiments/{address}"
        return client.post(url, json.dumps(body), content_type="application/json", headers=headers)

    body = {"kind": "reproduction", "text": "Same slice", "run": run.pk, "is_reproduced": False}
    refusal = send(critic, f"{made.reference}/challenges", {**body, "run": None})
    assert [error["field"] for error in refusal.json()["errors"]] == ["run"]
    created = send(critic, f"{made.reference}/challenges", body)
    assert created.status_code == 201 and created.json()["is_reproduced"] is False
    answer = f"{made.reference}/challenges/{created.json()['id']}/answer"
    assert send(critic, answer, {"text": "x"}, created["ETag"]).status_code == 403
    answered = send(owners[0], answer, {"text": "We retrain"}, created["ETag"])
    assert answered.status_code == 200 and answered.json()["answered_by_id"] == owners[0].pk

    linked = send(owners[0], f"{open_one.reference}/runs", {"run": run.pk})
    assert linked.status_code == 201 and linked.json()["arm"] == "candidate"
    assert send(critic, f"{open_one.reference}/runs", {"run": run.pk}).status_code == 403
    gone = send(owners[0], f"{open_one.reference}/runs/{linked.json()['id']}/remove", {}, linked["ETag"])
    assert gone.status_code == 204
    with pytest.raises(Refused):
        experiment_runs.unlink(ExperimentRun.objects.select_related("experiment", "run").get(), **ACT)
