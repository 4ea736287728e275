"""The site with its clock stopped at RISKHUB_TEST_NOW, for a web server in separate processes."""

import os
from datetime import datetime

import time_machine

time_machine.travel(datetime.fromisoformat(os.environ["RISKHUB_TEST_NOW"]), tick=False).start()

from riskhub.wsgi import application  # noqa: E402 - Django reads the clock from here on

__all__ = ["application"]
