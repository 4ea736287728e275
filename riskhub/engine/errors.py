"""The one exception of the engines."""


class Trouble(Exception):
    """An error that a person can fix. Its text is one line with the problem and the fix.

    It is printed without a traceback.
    """
