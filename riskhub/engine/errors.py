"""The one exception of the engines."""


class Trouble(Exception):
    """Something a person can mend. Its text is one line: what is wrong, and the mend.

    It is shown without a traceback.
    """
