"""Challenges and reproductions of experiments, on record, and the answers of their owners."""

from datetime import datetime

from django.db import transaction

from catalogue.models import Run
from history import operations as history
from kit.actor import Actor
from kit.refusals import IllegalMove, Refused
from people.models import User
from risklog.events import experiment as events
from risklog.models import Challenge, Experiment
from risklog.operations.experiment_runs import check_model
from risklog.states import ChallengeKind, ExperimentState


@transaction.atomic
def add(
    experiment: Experiment,
    *,
    kind: str,
    text: str,
    by: Actor,
    at: datetime,
    run: Run | None = None,
    is_reproduced: bool | None = None,
) -> Challenge:
    """Challenge an experiment, or record a reproduction of its result by a run of somebody else.

    run, is_reproduced: of a reproduction, whose run is of a model that the runs of the experiment may be of
    (experiment_runs.link). If the run repeats a run of the experiment, Riskhub has compared both, and its
    result counts. Raises Refused with the name of the field, IllegalMove.
    """
    if kind not in ChallengeKind.values:
        raise Refused(f"Use one of {', '.join(ChallengeKind.values)}.", field="kind")
    if not text.strip():
        raise Refused("Enter what you doubt, or what you found.", field="text")
    _check_author(experiment, by)
    if kind == ChallengeKind.REPRODUCTION:
        is_reproduced = _result_of(experiment, run, is_reproduced)
    else:
        if experiment.state == ExperimentState.CANCELLED:
            raise IllegalMove("This experiment was cancelled.", field="state")
        run, is_reproduced = None, None
    challenge = Challenge(
        experiment=experiment,
        kind=kind,
        text=text.strip(),
        run=run,
        is_reproduced=is_reproduced,
        author=by.person,
        at=at,
    )
    label = str(ChallengeKind(kind).label)
    payload = events.ExperimentChallenged(label=label, text=challenge.text, is_reproduced=is_reproduced)
    history.record(experiment, payload, by=by, at=at, rows=[challenge])
    return challenge


@transaction.atomic
def answer(challenge: Challenge, *, text: str, by: Actor, at: datetime, seen: int | None = None) -> Challenge:
    """Answer a challenge, once. The permission risklog.challenge_answer says who may.

    Raises Refused(field="text"), IllegalMove, ChangedMeanwhile.
    """
    if not text.strip():
        raise Refused("Enter the answer.", field="text")
    if challenge.answered_at is not None:
        raise IllegalMove("This is answered already.", field="state")
    values = {"answer": text.strip(), "answered_by": by.person, "answered_at": at}
    payload = events.ChallengeAnswered(challenge=challenge.pk, text=text.strip())
    history.change(challenge, values, by=by, at=at, seen=seen, payload=payload)
    return challenge


def _check_author(experiment: Experiment, by: Actor) -> None:
    person = by.person
    if isinstance(person, User) and experiment.is_owned_by(person):
        raise Refused("You own this experiment. Others challenge it, and you answer.", field="kind")


def _result_of(experiment: Experiment, run: Run | None, is_reproduced: bool | None) -> bool:
    """Return whether a run reproduces the result. Raises Refused with the name of the field, IllegalMove."""
    if experiment.state != ExperimentState.FINISHED:
        raise IllegalMove("Only the result of a finished experiment can be reproduced.", field="state")
    if run is None:
        raise Refused("Name the run that reproduces it.", field="run")
    own = list(experiment.runs.filter(is_linked=True).values_list("run_id", flat=True))
    if run.pk in own:
        raise Refused("This run belongs to the experiment itself. Name another one.", field="run")
    check_model(experiment, run)
    if run.is_reproduced is not None and run.repeats_id in own:
        return run.is_reproduced
    if is_reproduced is None:
        raise Refused("Say whether it came to the same result.", field="is_reproduced")
    return is_reproduced
