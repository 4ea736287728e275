"""What Granian serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskhub.settings")
if not os.environ.get("SECRET_KEY"):
    raise SystemExit("SECRET_KEY is not set. Mend: give all processes the same 50 random characters or more.")
application = get_wsgi_application()
