"""The hidden fields of forms that write: {% once %} for what creates, {% version %} for what changes."""

import secrets
from typing import Any

from django import template
from django.forms import BaseForm
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

FIELD = "once"


@register.simple_tag
def once() -> SafeString:
    """Draw the random key by which a form that creates something is taken once (pages.once)."""
    return format_html('<input type="hidden" name="{}" value="{}">', FIELD, secrets.token_urlsafe(16))


@register.simple_tag
def version(obj: Any, form: BaseForm | None = None) -> SafeString:
    """Draw the version that the form was made from: {% version risk %}, or {% version risk form %}.

    A form that comes back after an error keeps the version it was sent with. After a conflict it carries the
    present one: who saves again does so knowing both texts.
    """
    conflict = getattr(form, "conflict", None)
    if conflict is not None:
        number = conflict.version
    elif form is not None and form.is_bound:
        number = form.data.get("version", obj.version)
    else:
        number = obj.version
    return format_html('<input type="hidden" name="version" value="{}">', number)
