"""The base of the forms of pages."""

from django import forms

from pages.forms import PageForm


class NoteForm(PageForm):
    title = forms.CharField(max_length=5)
    text = forms.CharField(max_length=5, widget=forms.Textarea)


def test_a_long_text_is_refused_whole_instead_of_cut_by_the_browser():
    """A browser cuts what is pasted at `maxlength` without a word. One-line fields keep it."""
    shown = NoteForm()
    assert "maxlength" not in str(shown["text"])
    assert 'maxlength="5"' in str(shown["title"])

    refused = NoteForm({"title": "Title", "text": "six six"})

    assert refused.errors == {"text": ["Ensure this value has at most 5 characters (it has 7)."]}
    assert "six six" in str(refused["text"])
