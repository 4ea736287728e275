"""How forms look everywhere: Django renders each field by templates/kit/_field.html, the whole by kit/_form.html."""

from django.forms.renderers import TemplatesSetting
from django.forms.widgets import DateInput


class Renderer(TemplatesSetting):
    """Set as FORM_RENDERER = "kit.forms.Renderer"; `django.forms` must stand in INSTALLED_APPS."""

    form_template_name = "kit/_form.html"
    field_template_name = "kit/_field.html"


class Day(DateInput):
    """The browser's own date field. It only takes ISO dates, so the locale must not format the value."""

    input_type = "date"

    def __init__(self, attrs=None):
        super().__init__(attrs=attrs, format="%Y-%m-%d")
