"""How forms look everywhere: each field by templates/kit/_field.html, the whole by kit/_form.html."""

from django.forms.renderers import TemplatesSetting
from django.forms.widgets import DateInput


class Renderer(TemplatesSetting):
    """The setting FORM_RENDERER; `django.forms` is installed for the templates of the widgets."""

    form_template_name = "kit/_form.html"
    field_template_name = "kit/_field.html"


class Day(DateInput):
    """The browser's own date field. It takes ISO dates only, so no locale may format the value."""

    input_type = "date"

    def __init__(self, attrs=None):
        super().__init__(attrs=attrs, format="%Y-%m-%d")
