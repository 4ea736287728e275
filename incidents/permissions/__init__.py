"""Who may do what about incidents. Importing this package registers every predicate."""

from incidents.permissions import incident, postmortem  # noqa: F401
