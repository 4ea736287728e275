"""/livez: the process answers.

/readyz: the database answers and is migrated. Broker and mail are not checked.
"""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

from kit.rights import OPEN, view_needs

_migrated: list[bool] = []


@view_needs(OPEN)
def livez(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@view_needs(OPEN)
def readyz(request: HttpRequest) -> JsonResponse:
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not _migrated and _is_migrated():
            _migrated.append(True)
    except DatabaseError:
        return JsonResponse({"status": "unready", "why": "The database does not answer."}, status=503)
    if not _migrated:
        return JsonResponse({"status": "unready", "why": "Migrations are waiting: run migrate."}, status=503)
    return JsonResponse({"status": "ok"})


def _is_migrated() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())
