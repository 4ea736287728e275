"""Who may see and write notes."""

from typing import Any

from kit.rights import permission
from people.permissions import may_read, may_write


@permission("notebook.note_view")
def may_view(user: Any, obj: Any) -> bool:
    return may_read(user)


@permission("notebook.note_add")
def may_add(user: Any, obj: Any) -> bool:
    return may_write(user)
