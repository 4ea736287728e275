"""`manage.py up`.

PostgreSQL, Valkey, the web server, the worker and the beat on this machine, until Ctrl-C.
"""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from riskhub.engine import supervisor


class Command(BaseCommand):
    help = "Bring Riskhub up on this machine and keep it up: servers, migrations, web, worker, beat."
    # The database it would check is not up yet.
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(supervisor.main())
