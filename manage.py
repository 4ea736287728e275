#!/usr/bin/env python
"""Django's command line for Riskhub."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskhub.settings")
    if sys.argv[1:2] == ["up"]:
        # Before Django reads its settings, so that a wrong address is one clear line and no traceback.
        from riskhub.engine.supervisor import main as up

        sys.exit(up())
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
