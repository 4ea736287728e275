"""`manage.py up`.

Runs PostgreSQL, Valkey, the web server, the worker and the beat on this machine, until Ctrl-C.
"""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from riskhub.engine import supervisor


class Command(BaseCommand):
    help = "Start Riskhub on this machine and keep it running: servers, migrations, web, worker, beat."
    # The database is not running yet, so it cannot be checked.
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(supervisor.main())
