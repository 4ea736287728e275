"""Rendering of answers: JSON, written by orjson."""

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.renderers import BaseRenderer

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


def _within_64_bits(data: Any) -> Any:
    """Return the data with larger whole numbers as floats: jsonb gives 1e20 back as digits."""
    if isinstance(data, Mapping):
        return {name: _within_64_bits(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [_within_64_bits(value) for value in data]
    return float(data) if isinstance(data, int) and data.bit_length() > 63 else data
