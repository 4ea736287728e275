"""The readiness of models for a deployment."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import F, OuterRef, Subquery

from catalogue.models import Deployment, Model
from catalogue.queries.decision_right import deciders
from catalogue.queries.model import models
from catalogue.readiness import Readiness, ReadinessFacts, readiness
from catalogue.states import DeploymentState, RightKind, Stage
from history.models import RecordedQuerySet
from people import queries as people

PRODUCTION = "production"


def models_to_deploy() -> RecordedQuerySet[Model]:
    """Return the models that are not retired, with what readiness_of() reads. Callers add visible_to()."""
    last = Deployment.objects.filter(model=OuterRef("pk"), environment=PRODUCTION)
    rows: Any = models().exclude(stage=Stage.RETIRED)
    return rows.annotate(
        procedure=F("rollback_procedure__pk"),
        procedure_owner=F("rollback_procedure__owner"),
        rehearsed_on=F("rollback_procedure__rehearsed_on"),
        last_outcome=Subquery(last.order_by("-deployed_at", "-id").values("state")[:1]),
    )


def readiness_of(rows: Sequence[Any], *, at: datetime) -> dict[int, Readiness]:
    """Return model id -> its readiness. rows: of models_to_deploy(). One query."""
    signers = deciders([(RightKind.DEPLOYMENT, model) for model in rows])
    today = at.astimezone(people.zone_of(None)).date()
    return {
        model.pk: _readiness(model, signer.right is not None, today)
        for model, signer in zip(rows, signers, strict=True)
    }


def _readiness(model: Any, has_signer: bool, today: date) -> Readiness:
    facts = ReadinessFacts(
        has_owner_team=model.owner_team_id is not None,
        has_signer=has_signer,
        has_procedure=model.procedure is not None,
        has_procedure_owner=model.procedure_owner is not None,
        rehearsed_on=model.rehearsed_on,
        is_last_rolled_back=model.last_outcome == DeploymentState.ROLLED_BACK,
    )
    return readiness(facts, today=today)
