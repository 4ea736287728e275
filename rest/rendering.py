"""Rendering of answers: JSON, written by orjson, whatever the header Accept names."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


class Json(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> bytes:
        if data is None:
            return b""
        try:
            return orjson.dumps(data, option=_OPTIONS, default=str)
        except TypeError:
            return orjson.dumps(_within_64_bits(data), option=_OPTIONS, default=str)


class AnyAccept(DefaultContentNegotiation):
    """Accepts every Accept header, so that no alert or request is lost for one, and no answer is a 406.

    An address has one format, or ?format= chooses it. Errors are JSON.
    """

    def select_renderer(
        self, request: Request, renderers: Sequence[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


def _within_64_bits(data: Any) -> Any:
    """Return the data with larger whole numbers as floats: jsonb gives 1e20 back as digits."""
    if isinstance(data, Mapping):
        return {name: _within_64_bits(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [_within_64_bits(value) for value in data]
    return float(data) if isinstance(data, int) and data.bit_length() > 63 else data
