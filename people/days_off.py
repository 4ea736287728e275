"""Days off: the public holidays of a country, and the own days of the organisation. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from kit.refusals import Refused

_SMALL_WORDS = {"and", "of", "the"}


@dataclass(frozen=True, slots=True)
class DaysOff:
    """The days on which nobody works: `day in days_off`.

    country: an ISO 3166 code such as DE, "" for none. subdivision: such as BY, "" for the whole country. own:
    the own days of the organisation.
    """

    country: str = ""
    subdivision: str = ""
    own: frozenset[date] = frozenset()

    def __contains__(self, day: object) -> bool:
        if not isinstance(day, date):
            return False
        return day in self.own or day in public_holidays(self.country, self.subdivision, day.year)


@dataclass(frozen=True, slots=True)
class Holiday:
    """One day off. whose: "organisation", or the country with its subdivision, such as DE-BY."""

    date: date
    name: str
    whose: str

    @property
    def is_own(self) -> bool:
        return self.whose == "organisation"


def coming(days_off: DaysOff, own: Mapping[date, str], since: date) -> list[Holiday]:
    """Return the days off from a day until a year later, one for each date. own: day -> name."""
    until = date.fromordinal(min(since.toordinal() + 365, date.max.toordinal()))
    whose = "-".join(filter(None, (days_off.country, days_off.subdivision)))
    found: dict[date, Holiday] = {}
    for year in range(since.year, until.year + 1):
        public = public_holidays(days_off.country, days_off.subdivision, year)
        found |= {day: Holiday(day, name, whose) for day, name in public.items()}
    found |= {day: Holiday(day, name, "organisation") for day, name in own.items()}
    return [found[day] for day in sorted(found) if since <= day < until]


@lru_cache(maxsize=512)
def public_holidays(country: str, subdivision: str, year: int) -> Mapping[date, str]:
    """Return the public holidays of a year, with English names: day -> name.

    There are none without a country, and none for a code that the library does not have (any more).
    """
    if not country:
        return {}
    import holidays  # noqa: PLC0415  # it takes long to load, and most processes never need it

    try:
        found = holidays.country_holidays(
            country, subdiv=subdivision or None, years=year, language="en_US", expand=False
        )
    except NotImplementedError:
        return {}
    return dict(found)


@lru_cache(maxsize=1)
def countries() -> dict[str, str]:
    """Return the countries with known holidays, by name: ISO code -> name."""
    from holidays.registry import COUNTRIES  # noqa: PLC0415  # as above

    named = {codes[1]: _name(module) for module, codes in COUNTRIES.items()}
    return dict(sorted(named.items(), key=lambda pair: pair[1]))


@lru_cache(maxsize=256)
def subdivisions(country: str) -> tuple[str, ...]:
    """Return the codes of the subdivisions of a country."""
    import holidays  # noqa: PLC0415  # as above

    return tuple(holidays.list_supported_countries(include_aliases=False).get(country, ()))


def check(country: str, subdivision: str) -> None:
    """Raise Refused, with the field, for a country or a subdivision without known holidays."""
    if country and country not in countries():
        raise Refused("Use the code of a country, such as DE or FR.", field="country")
    known = subdivisions(country) if country else ()
    if not subdivision or subdivision in known:
        return
    if not country:
        raise Refused("Choose the country of this subdivision first.", field="subdivision")
    said = f"Use one of {', '.join(known)}." if known else "This country has none. Leave it empty."
    raise Refused(said, field="subdivision")


def _name(module: str) -> str:
    """Return the name of a country from that of its module: "isle_of_man" -> "Isle of Man"."""
    words = module.split("_")
    return " ".join(word if word in _SMALL_WORDS else word.capitalize() for word in words)
