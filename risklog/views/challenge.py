"""The pages of the runs and the challenges of experiments: link, remove, challenge, answer."""

from functools import partial

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_POST

from kit.rights import view_needs
from pages import flows
from pages.flows import form_page
from people.permissions import SignedInRequest
from risklog.forms.challenge import AnswerChallengeForm, ChallengeForm, LinkRunForm
from risklog.models import Challenge, Experiment, ExperimentRun
from risklog.operations import challenge as operations
from risklog.operations import experiment_runs
from risklog.queries import experiment as queries
from risklog.views.experiment import address_of


def _experiment(request: SignedInRequest, reference: str) -> Experiment:
    rows = queries.experiments().visible_to(request.user)
    return get_object_or_404(rows, subject__reference=reference.upper())


@require_http_methods(["GET", "POST"])
@view_needs("risklog.experiment_change")
def experiment_run(request: SignedInRequest, reference: str) -> HttpResponse:
    """Link a run of a workflow."""
    experiment = _experiment(request, reference)
    return flows.step(
        request,
        experiment,
        LinkRunForm(request.POST or None, experiment=experiment, user=request.user),
        permission="risklog.experiment_change",
        operation=experiment_runs.link,
        address=address_of(experiment),
        show=form_page(request, "risklog/experiment_run.html", experiment=experiment),
        message="Run linked",
    )


@require_POST
@view_needs("risklog.experiment_change")
def experiment_run_remove(request: SignedInRequest, reference: str, pk: int) -> HttpResponse:
    experiment = _experiment(request, reference)
    rows = ExperimentRun.objects.visible_to(request.user).select_related("experiment__subject", "run")
    linked = get_object_or_404(rows, pk=pk, experiment=experiment)
    return flows.press(
        request,
        linked,
        permission="risklog.experiment_run_remove",
        operation=experiment_runs.unlink,
        address=address_of(experiment),
        message="Run removed",
    )


@require_http_methods(["GET", "POST"])
@view_needs("risklog.experiment_challenge")
def experiment_challenge(request: SignedInRequest, reference: str) -> HttpResponse:
    """Challenge an experiment, or record a reproduction."""
    experiment = _experiment(request, reference)
    return flows.create(
        request,
        ChallengeForm(request.POST or None, experiment=experiment, user=request.user),
        operation=partial(operations.add, experiment),
        address=lambda challenge: f"{address_of(experiment)}#challenge-{challenge.pk}",
        show=form_page(request, "risklog/experiment_challenge.html", experiment=experiment),
        message="Recorded. The owners are told.",
    )


@require_http_methods(["GET", "POST"])
@view_needs("risklog.challenge_answer")
def challenge_answer(request: SignedInRequest, reference: str, pk: int) -> HttpResponse:
    experiment = _experiment(request, reference)
    rows = Challenge.objects.visible_to(request.user).select_related("experiment__subject", "author")
    challenge = get_object_or_404(rows, pk=pk, experiment=experiment)
    return flows.step(
        request,
        challenge,
        AnswerChallengeForm(request.POST or None),
        permission="risklog.challenge_answer",
        operation=operations.answer,
        address=f"{address_of(experiment)}#challenge-{challenge.pk}",
        show=form_page(request, "risklog/challenge_answer.html", experiment=experiment, challenge=challenge),
        message="Answer recorded",
    )
