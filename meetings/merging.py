"""Merge two texts that were written at the same time. Pure: a person checks the result."""

from difflib import SequenceMatcher


def merged(saved: str, mine: str) -> str:
    """Return a text with every line of both texts, in their order; lines that are in both are there once."""
    theirs, own = saved.splitlines(), mine.splitlines()
    lines: list[str] = []
    for _, start, end, own_start, own_end in SequenceMatcher(None, theirs, own, autojunk=False).get_opcodes():
        common = theirs[start:end]
        lines += common
        lines += [] if common == own[own_start:own_end] else own[own_start:own_end]
    return "\n".join(lines)
