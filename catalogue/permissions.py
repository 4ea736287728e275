"""Who may see, register, change and import models, assign decision rights, and sign change requests."""

from typing import Any

from kit.rights import permission
from people.models import User
from people.permissions import may_read, may_write
from people.states import Role


@permission("catalogue.view")
def may_view(user: User, obj: Any) -> bool:
    return may_read(user)


@permission("catalogue.model_add")
def may_add(user: User, obj: Any) -> bool:
    return may_write(user)


@permission("catalogue.model_change")
def may_change(user: User, obj: Any) -> bool:
    """Return True for risk managers, the developer and members of the owning team."""
    if not may_write(user):
        return False
    if obj is None or user.is_at_least(Role.RISK_MANAGER):
        return True
    return obj.developer_id == user.pk or obj.owner_team_id in user.team_ids


@permission("catalogue.alias_remove")
def may_remove_alias(user: User, alias: Any) -> bool:
    """Return True for those who may change the model of the alias."""
    return may_change(user, alias.model if alias else None)


@permission("catalogue.validation_change")
def may_validate(user: User, validation: Any) -> bool:
    """Return True for who validates the model and for risk managers, never for its developer."""
    if not may_write(user) or validation is None:
        return may_write(user)
    if validation.model.developer_id == user.pk:
        return False
    return validation.validated_by_id == user.pk or user.is_at_least(Role.RISK_MANAGER)


@permission("catalogue.version_change")
def may_change_version(user: User, version: Any) -> bool:
    """Return True for those who may change the model of the version."""
    return may_change(user, version.model if version else None)


@permission("catalogue.workflow_change")
def may_change_workflow(user: User, workflow: Any) -> bool:
    """Return True for the owner, and for those who may change the model of the workflow."""
    if workflow and may_write(user) and workflow.owner_id == user.pk:
        return True
    return may_change(user, workflow.model if workflow else None)


@permission("catalogue.deployment_settle")
def may_settle_deployment(user: User, deployment: Any) -> bool:
    """Return True for those who may change the model that was deployed."""
    return may_change(user, deployment.model if deployment else None)


@permission("catalogue.registry_view")
def may_view_registries(user: User, registry: Any) -> bool:
    """Return True for risk managers: the problems of an import name what the registry has."""
    return may_read(user) and user.is_at_least(Role.RISK_MANAGER)


@permission("catalogue.registry_change")
def may_change_registry(user: User, registry: Any) -> bool:
    """Return True for risk managers, who may change all models that they see."""
    return may_write(user, Role.RISK_MANAGER)


@permission("catalogue.run_add")
def may_add_run(user: User, workflow: Any) -> bool:
    """Return True for everyone who may write: anybody who sees a workflow may repeat it."""
    return may_write(user)


@permission("catalogue.run_change")
def may_change_run(user: User, run: Any) -> bool:
    """Return True for who ran it, and for those who may change the workflow."""
    if run is None:
        return may_write(user)
    if may_write(user) and run.run_by_id == user.pk:
        return True
    return may_change_workflow(user, run.workflow)


@permission("catalogue.rollback_change")
def may_change_rollback(user: User, procedure: Any) -> bool:
    """Return True for the owner of the procedure, and for those who may change its model."""
    if procedure and may_write(user) and procedure.owner_id == user.pk:
        return True
    return may_change(user, procedure.model if procedure else None)


@permission("catalogue.right_view")
def may_view_rights(user: User, right: Any) -> bool:
    """Return True for everyone: people must know who decides. visible_to() hides those of hidden models."""
    return may_read(user)


@permission("catalogue.right_assign")
def may_assign_rights(user: User, right: Any) -> bool:
    """Return True for risk managers: nobody else gives a right, also not the one who holds it."""
    return may_write(user, Role.RISK_MANAGER)


@permission("catalogue.change_add")
def may_request_change(user: User, request: Any) -> bool:
    return may_write(user)


@permission("catalogue.change_edit")
def may_edit_change(user: User, request: Any) -> bool:
    """Return True for risk managers, who opened it, the developer and members of the owning team."""
    if request is None:
        return may_write(user)
    return may_write(user) and (request.opened_by_id == user.pk or may_change(user, request.model))


@permission("catalogue.change_sign", for_people=True)
def may_sign_change(user: User, request: Any) -> bool:
    """Return True only for the holder of the decision right, not for administrators without it.

    Nobody signs what they opened, also no emergency: its sign-off comes afterwards, when there is time for a
    second person. If no holder of the right can sign, risk managers and administrators sign.
    request: with what queries.change_request.set_signer() sets.
    """
    if not may_write(user):
        return False
    if request is None:
        return True
    return user in (request.managers if request.is_signed_by_managers else request.able_signers)
