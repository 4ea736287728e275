"""What comments and files may be about."""

from history.models import Subject
from kit import kinds
from kit.kinds import NoPage
from kit.refusals import Refused


def refuse_undiscussed(about: Subject) -> None:
    """Raise Refused for an object whose page has no timeline with comments."""
    kind = kinds.find(about.kind)
    if kind is None or not kind.is_discussed or isinstance(kind.page, NoPage):
        raise Refused("This kind of object takes no comments and no files.", field="about")
