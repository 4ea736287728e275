"""The recipients of events about changes, deployments, registries, workflows, runs and validations."""

from catalogue.models import ChangeRequest, Deployment, Model, Registry, Run, Validation, Workflow
from catalogue.queries import change_request as queries
from catalogue.states import ChangeRoute
from history.models import Event
from history.recipients import everyone
from people.models import User
from people.states import Role


def _request(event: Event) -> ChangeRequest | None:
    return queries.change_requests().filter(subject_id=event.subject_id).first()


def signers(event: Event) -> dict[int, str]:
    """Return who may sign the request, nobody while its full review is not settled."""
    request = _request(event)
    if request is None or not request.is_open or request.waits_for_review:
        return {}
    return everyone((person.pk for person in queries.signers(request)), "It needs your sign-off")


def who_could_sign(event: Event) -> dict[int, str]:
    """Return who could sign the request until it was withdrawn, nobody if its full review was not settled."""
    request = _request(event)
    if request is None or (request.route == ChangeRoute.FULL and request.reviewed_at is None):
        return {}
    return everyone((person.pk for person in queries.signers(request)), "It waited for your sign-off")


def opener(event: Event) -> dict[int, str]:
    request = _request(event)
    return everyone([request.opened_by_id], "You opened this change request") if request else {}


def left_waiting(event: Event) -> dict[int, str]:
    """Return who must request another review: who opened the request, else its developer or signers."""
    request = _request(event)
    if request is None or not request.waits_for_review:
        return {}
    person = request.opened_by_id or request.model.developer_id
    people = [person] if person else [one.pk for one in queries.signers(request)]
    return everyone(people, "The review of your change request was withdrawn. Request another one")


def developer(event: Event) -> dict[int, str]:
    request = _request(event)
    return everyone([request.model.developer_id], "You develop this model") if request else {}


def _deployment(event: Event) -> Deployment | None:
    rows = Deployment.objects.select_related("model", "change")
    return rows.filter(subject_id=event.subject_id).first()


def developer_of_deployed(event: Event) -> dict[int, str]:
    deployment = _deployment(event)
    return everyone([deployment.model.developer_id], "You develop this model") if deployment else {}


def signer(event: Event) -> dict[int, str]:
    """Return who signed off the change request of a deployment."""
    deployment = _deployment(event)
    if deployment is None or not deployment.is_signed_off or deployment.change is None:
        return {}
    return everyone([deployment.change.settled_by_id], "You signed off this deployment")


def owner_of_registry(event: Event) -> dict[int, str]:
    owners = Registry.objects.filter(subject=event.subject_id).values_list("owner_id", flat=True)
    return everyone(owners, "You own this registry")


def _owner(workflow: Workflow | None) -> dict[int, str]:
    """Return the owner of a workflow, else the developer of its model."""
    if workflow is None:
        return {}
    if workflow.owner_id:
        return everyone([workflow.owner_id], "You own this workflow")
    return everyone([workflow.model.developer_id], "You develop this model")


def owner_of_workflow(event: Event) -> dict[int, str]:
    return _owner(Workflow.objects.select_related("model").filter(subject=event.subject_id).first())


def owner_of_run(event: Event) -> dict[int, str]:
    run = Run.objects.select_related("workflow__model").filter(subject=event.subject_id).first()
    return _owner(run.workflow if run else None)


def _validation(event: Event) -> Validation | None:
    rows = Validation.objects.select_related("model__owner_team")
    return rows.filter(subject_id=event.subject_id).first()


def validator(event: Event) -> dict[int, str]:
    validation = _validation(event)
    return everyone([validation.validated_by_id], "You validate this model") if validation else {}


def validated_model_people(event: Event) -> dict[int, str]:
    """Return the developer of the validated model and the lead of its team."""
    validation = _validation(event)
    if validation is None:
        return {}
    team = validation.model.owner_team
    lead = everyone([team.lead_id if team else None], "Your team owns this model")
    return lead | everyone([validation.model.developer_id], "You develop this model")


def responsible_for_model(event: Event) -> dict[int, str]:
    """Return the lead of the owner team and the validator of a model, else the risk managers."""
    model = Model.objects.select_related("owner_team").filter(subject_id=event.subject_id).first()
    if model is None:
        return {}
    lead = everyone([model.owner_team.lead_id if model.owner_team else None], "Your team owns this model")
    told = lead | everyone([model.validator_id], "You validate this model")
    if told:
        return told
    managers = User.objects.active().filter(role=Role.RISK_MANAGER).order_by("pk")
    return everyone(managers.values_list("pk", flat=True), "You are a risk manager")
