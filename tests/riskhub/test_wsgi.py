"""The WSGI application."""

import io
import os
import subprocess
import sys

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http import UnreadablePostError
from django.test import RequestFactory

from pages.uploads import too_large


def test_the_web_does_not_start_without_a_key_of_its_own():
    run = subprocess.run(
        [sys.executable, "-c", "import riskhub.wsgi"],
        env={**os.environ, "SECRET_KEY": ""},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert run.returncode == 1
    assert "SECRET_KEY is not set" in run.stderr


@pytest.mark.parametrize(
    ("body", "length"), [(b'{"points": []}', 14), (b"x" * (11 * 2**20), 10 * 2**20 + 1), (b"", 0)]
)
def test_a_chunked_body_is_counted_up_to_the_limit(monkeypatch, settings, body, length):
    """A request without Content-Length, as Granian passes it on: a stream with an end."""
    monkeypatch.setenv("SECRET_KEY", settings.SECRET_KEY)
    from riskhub import wsgi

    monkeypatch.setattr(wsgi, "_application", lambda environ, start: WSGIRequest(environ))
    environ = RequestFactory().post("/api/v1/points", content_type="application/json").environ
    environ |= {"CONTENT_LENGTH": "", "wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True}

    request = wsgi.application(environ, None)

    assert request.META["CONTENT_LENGTH"] == (str(length) if length else "")
    if length < settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        assert request.body == body


@pytest.mark.parametrize(("size", "left"), [(9 * 2**20, 0), (70 * 2**20, 6 * 2**20)])
def test_a_body_that_is_refused_unread_is_heard_out(monkeypatch, settings, size, left):
    monkeypatch.setenv("SECRET_KEY", settings.SECRET_KEY)
    from riskhub import wsgi

    monkeypatch.setattr(wsgi, "_application", lambda environ, start: ["413"])
    stream = io.BytesIO(b"x" * size)

    environ = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(size), "wsgi.input": stream}
    assert wsgi.application(environ, None) == ["413"]
    assert len(stream.read()) == left


def multipart(monkeypatch, settings, body: bytes, length: str):
    """Return the request that Django gets for a form with a file."""
    monkeypatch.setenv("SECRET_KEY", settings.SECRET_KEY)
    from riskhub import wsgi

    def read(environ, start):
        request = WSGIRequest(environ)
        _ = request.FILES
        return request

    monkeypatch.setattr(wsgi, "_application", read)
    environ = RequestFactory().post("/files/").environ
    environ |= {"CONTENT_TYPE": "multipart/form-data; boundary=b", "CONTENT_LENGTH": length}
    environ |= {"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True}
    return wsgi.application(environ, None)


FORM = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n' + b"x" * 100


def test_a_form_whose_connection_breaks_has_no_file(monkeypatch, settings):
    """Django takes what there is of the last file for the whole file."""
    with pytest.raises(UnreadablePostError):
        multipart(monkeypatch, settings, FORM, str(len(FORM) + 50))


def test_a_chunked_form_is_read_to_its_end(monkeypatch, settings):
    body = FORM + b"x" * 12 * 2**20 + b"\r\n--b--\r\n"

    request = multipart(monkeypatch, settings, body, "")

    assert request.FILES["file"].size == 100 + 12 * 2**20
    request.close()


def test_a_chunked_form_above_the_limit_has_no_file(monkeypatch, settings):
    settings.FILE_LIMIT, settings.FILES_LIMIT = 2**20, 2 * 2**20

    request = multipart(monkeypatch, settings, FORM + b"x" * 5 * 2**20 + b"\r\n--b--\r\n", "")

    assert dict(request.FILES) == {}
    assert too_large(request) == [""]
