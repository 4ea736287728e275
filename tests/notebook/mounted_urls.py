"""The addition of a new room to riskhub/urls.py: its pages and its resources."""

from django.urls import include, path

from riskhub.urls import handler400, handler403, handler404, handler500
from riskhub.urls import urlpatterns as of_the_house
from tests.notebook.api import RESOURCES

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    *of_the_house,
    path("notes/", include("tests.notebook.urls")),
    *(path(f"api/v1/{address}", view.as_view()) for address, view in RESOURCES),
]
