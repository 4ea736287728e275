"""/livez: the process answers.

/readyz: the database answers and is migrated. Broker and mail are not checked.
"""

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from kit.rights import OPEN, view_needs
from rest.unmigrated import is_unmigrated
from riskhub.errors import RETRY_AFTER

_migrated: list[bool] = []
WAITING = "Migrations are waiting: run migrate."
UNAVAILABLE = {"Retry-After": str(RETRY_AFTER)}  # the headers of an answer 503


@never_cache
@view_needs(OPEN)
def livez(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@never_cache
@view_needs(OPEN)
def readyz(request: HttpRequest) -> JsonResponse:
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not _migrated and _is_migrated():
            _migrated.append(True)
    except Error as error:
        return _unready(why_unavailable(error))
    return JsonResponse({"status": "ok"}) if _migrated else _unready(WAITING)


def _unready(why: str) -> JsonResponse:
    return JsonResponse({"status": "unready", "why": why}, status=503, headers=UNAVAILABLE)


def why_unavailable(error: Error) -> str:
    """Return what a health check says of an error of the database."""
    return WAITING if is_unmigrated(error) else "The database does not answer."


def _is_migrated() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())
