"""JSON that a person enters in a form."""

import json
from typing import Any

from django import forms


def parse_json(text: str) -> Any:
    """Return the value of a JSON text. Raises ValidationError, with the line, for another text."""
    try:
        value = json.loads(text, parse_constant=_refuse)
        if "\\u0000" in json.dumps(value):
            raise ValueError
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise forms.ValidationError(f"Enter valid JSON. Line {error.lineno}: {error.msg.lower()}.") from None
    except (ValueError, RecursionError):
        raise forms.ValidationError("Enter valid JSON.") from None
    return value


def _refuse(constant: str) -> None:
    """Refuse NaN and Infinity, which Python's parser accepts but JSON does not have."""
    raise ValueError(constant)
