"""The answer with the content of an attached file, for the page and for the API."""

from typing import IO

from django.http import FileResponse, HttpRequest, HttpResponseBase, HttpResponseNotModified
from django.utils.http import parse_etags

# Nothing in a downloaded file may run as a part of this site, also if a browser shows it.
_POLICY = "default-src 'none'; sandbox"
_ANY_TYPE = "application/octet-stream"


def download(
    request: HttpRequest,
    content: IO[bytes],
    *,
    name: str,
    size: int,
    sha256: str,
    shown: set[str],
    image_type: str = "",
) -> HttpResponseBase:
    """Return a content as a download; 304 without it, if the client has it.

    image_type: the media type of an image that pages may show. Every other file is sent as bytes of any type.
    sha256: of the content, which is its ETag. The content never changes, but who may see it does. So caches
    ask each time. shown: the references of the objects that it belongs to, for the log of auditors.
    """
    tag = f'"{sha256}"'
    known = [one.removeprefix("W/") for one in parse_etags(request.headers.get("If-None-Match", ""))]
    answer: HttpResponseBase
    if tag in known or "*" in known:
        content.close()
        answer = HttpResponseNotModified()
    else:
        answer = FileResponse(
            content, as_attachment=True, filename=name, content_type=image_type or _ANY_TYPE
        )
        answer["Content-Length"] = str(size)
    vars(answer)["shown"] = shown  # read by the log of auditors
    answer["ETag"] = tag
    answer["Cache-Control"] = "private, no-cache"
    answer["Content-Security-Policy"] = _POLICY
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer
