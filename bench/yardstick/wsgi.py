"""The WSGI application of the yardstick."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.yardstick.settings"

import django
from django.conf import settings

django.setup()
settings.MIDDLEWARE = []

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402 - reads the middleware

application = WSGIHandler()
