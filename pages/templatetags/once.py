"""The hidden fields of forms: {% once %} for forms that create, {% version %} for forms that change."""

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
    """Return the hidden random key that makes a form that creates something idempotent (pages.once)."""
    return format_html('<input type="hidden" name="{}" value="{}">', FIELD, secrets.token_urlsafe(16))


@register.simple_tag
def version(obj: Any, form: BaseForm | None = None) -> SafeString:
    """Return the version of a form as a hidden field: {% version risk %} or {% version risk form %}.

    A form that is shown again after an error keeps the version that it was sent with. After a conflict it has
    the current version, because the page shows both texts before the person saves again.
    """
    conflict = getattr(form, "conflict", None)
    if conflict is not None:
        number = conflict.version
    elif form is not None and form.is_bound:
        number = form.data.get("version", obj.version)
    else:
        number = obj.version
    return format_html('<input type="hidden" name="version" value="{}">', number)
