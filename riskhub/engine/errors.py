"""The one exception of the engines."""


class Trouble(Exception):
    """Something a person can fix. Its text is one line: what is wrong, and the fix.

    It is shown without a traceback.
    """
