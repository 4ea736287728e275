"""The settings of Riskhub without protection, sessions and context."""

from pathlib import Path

from riskhub.settings import *  # noqa: F403
from riskhub.settings import INSTALLED_APPS as _ALL

INSTALLED_APPS = [name for name in _ALL if name != "riskhub"]  # without its flows, so no worker is notified
# allauth looks for its middleware when it starts. wsgi.py removes it afterwards.
MIDDLEWARE = ["allauth.account.middleware.AccountMiddleware"]
ROOT_URLCONF = "bench.yardstick.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
    }
]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
}
