"""The setting of how long rows are kept."""

from collections.abc import Mapping
from datetime import datetime

from kit.actor import Actor
from kit.refusals import Refused
from people.models import Organisation
from people.operations import organisation as organisations
from riskhub.retention.kept import KEPT, LONGEST


def set_days(
    organisation: Organisation,
    values: Mapping[str, int | None],
    *,
    by: Actor,
    at: datetime,
    seen: int | None = None,
) -> Organisation:
    """Set for how many days kinds of rows are kept, None permanently. Raises Refused, ChangedMeanwhile.

    values: key of a kind -> days. Kinds that are not named keep their setting.
    """
    known = {one.key: one for one in KEPT}
    for key, days in values.items():
        one = known.get(key)
        if one is None:
            raise Refused(f"Use kinds out of {', '.join(known)}.", field=key)
        if days is None and not one.may_stay:
            raise Refused("These are not kept permanently. Enter a number of days.", field=key)
        if days is not None and not one.least <= days <= LONGEST:
            raise Refused(f"Enter {one.least} to {LONGEST} days.", field=key)
    chosen = {"retention": {**organisation.retention, **values}}
    return organisations.change(organisation, chosen, by=by, at=at, seen=seen)
