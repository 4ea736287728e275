"""Middleware: one request reads the matrix of risks at most once, and sees one matrix."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from risklog.models.matrix import read_once


def one_matrix(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        with read_once():
            return get_response(request)

    return middleware
