"""The experiments of the sample: one that is finished, one that runs, and one that waits for its owners."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from catalogue.models import Model, Run, Workflow
from kit.actor import Actor
from people.models import User
from risklog.models import Experiment
from risklog.operations import challenge, experiment_runs
from risklog.operations import experiment as operations
from risklog.operations.experiment import ExperimentDetails
from risklog.queries import risk as risks
from risklog.states import ChallengeKind

_ABOUT = "Scores are too low for refinancing customers"


def try_out(people: Mapping[str, User], *, at: datetime) -> None:
    """Add all of them. people: by the first part of their address. at: shortly before the sample ends."""
    _finished(people, at=at)
    _running(people, at=at)
    about = risks.for_page(people["ana"]).filter(title="The January campaign has no group to compare with")
    operations.propose(
        title="Hold out a tenth of the visitors of the next campaign",
        hypothesis="With a control group we can tell the effect of the campaign from the season.",
        about=about.get().subject,
        by=Actor(people["ines"], "page"),
        at=at,
    )


def _finished(people: Mapping[str, User], *, at: datetime) -> None:
    started_at = at - timedelta(days=16)
    by = Actor(people["ana"], "page")
    made = operations.propose(
        title="Refit the buckets on the last 90 days",
        hypothesis="Buckets of the last 90 days remove the bias for refinancing customers.",
        owners=[people["ana"], people["noor"]],
        about=risks.for_page(people["ana"]).get(title=_ABOUT).subject,
        details=ExperimentDetails(
            data_slice="Refinancing applications since the rate change",
            success_criteria="The mean score is within 2 points of the observed default rate.",
            decision_rule="Supported: request a change of the model. Rejected: test the income features.",
            rollback="Deploy version 12.",
            model=Model.objects.get(slug="credit-pd"),
            workflow=Workflow.objects.get(name="Training", model__slug="credit-pd"),
            ends_on=(started_at + timedelta(days=16)).date(),
        ),
        by=by,
        at=started_at,
    )
    operations.start(made, by=by, at=started_at)
    operations.change_plan(
        made,
        reason="The bureau delivered only October, so the slice is one month shorter.",
        data_slice="Refinancing applications of October",
        by=by,
        at=started_at + timedelta(days=2),
    )
    for name, arm in (("train-411", "baseline"), ("train-430", "candidate")):
        run = Run.objects.get(name=name)
        experiment_runs.link(made, run=run, arm=arm, by=by, at=at - timedelta(days=2))
    operations.finish(
        made,
        outcome="supported",
        sample_size=2140,
        interpretation="The mean score is **1.2 points** above the observed rate. It was 6.8 points below.",
        training_notes="The quarterly training should weigh the last 90 days more.",
        by=by,
        at=at - timedelta(days=1),
    )
    _challenged(people, made, at=at)


def _challenged(people: Mapping[str, User], made: Experiment, *, at: datetime) -> None:
    """Add a reproduction with another result, and a doubt that an owner has answered."""
    challenge.add(
        made,
        kind=ChallengeKind.REPRODUCTION,
        text="I trained it again on the same snapshot. The figures are lower, so check the seed.",
        run=Run.objects.get(name="train-431"),
        by=Actor(people["wei"], "page"),
        at=at,
    )
    doubt = challenge.add(
        made,
        kind=ChallengeKind.CHALLENGE,
        text="October has no holidays. Does it hold in December?",
        by=Actor(people["tunde"], "page"),
        at=at,
    )
    answer = "We repeat it in January. Until then the change is limited to refinancing."
    challenge.answer(doubt, text=answer, by=Actor(people["noor"], "page"), at=at)


def _running(people: Mapping[str, User], *, at: datetime) -> None:
    started_at = at - timedelta(days=4)
    by = Actor(people["ken"], "page")
    made = operations.propose(
        title="Release held payments below 40 euros at once",
        hypothesis="Releasing held payments below 40 euros costs less than the calls that they cause.",
        owners=[people["ken"], people["mila"]],
        details=ExperimentDetails(
            data_slice="Held payments below 40 euros, every second day",
            success_criteria="Losses per week stay below 900 euros.",
            decision_rule="Supported: raise the limit. Rejected: keep it. Inconclusive: run two more weeks.",
            rollback="Hold them again: one switch of the rule engine.",
            model=Model.objects.get(slug="fraud-score"),
            ends_on=(at + timedelta(days=6)).date(),
        ),
        by=by,
        at=started_at,
    )
    operations.start(made, by=by, at=started_at)
