"""The order of names: as people sort them, in every script, whatever the collations of the database are.

Code points put "Özil" and "Émile" after "Zoë". The lookup `__collated` compares texts without their accents
and without upper case, so `order_by("name__collated", "name", "id")` is the order of names. An accent decides
only where everything else is equal. Scripts follow each other as in Unicode: Latin, Greek, Cyrillic, then the
others.

It is built from functions that every PostgreSQL has: neither ICU nor a collation of the operating system is
needed (ADR 0014). An index on Collated("name") serves the order.
"""

from typing import Any

from django.db.models import CharField, TextField, Transform

# The keys of the order of names, for order_by() and for the orders of lists.
BY_NAME = ("name__collated", "name", "id")
BY_NAME_BACKWARDS = ("-name__collated", "-name", "-id")

# Accents that letters are decomposed into. The breve of the Cyrillic й stays: it is a letter of its own.
_ACCENTS = "[\u0300-\u0305\u0307-\u036f]|(?<![\u0438\u0418])\u0306"
# Letters that have no decomposition, in lower case, and what they are sorted as.
_LETTERS = dict(zip("øłđðıħŋŧ", "olddihnt", strict=True))
_PAIRS = {"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "\u0438\u0306": "\u0439"}


class Collated(Transform):
    """The sort key of a text: for orders, for indexes, and for comparisons (`name__collated="ozil"`)."""

    lookup_name = "collated"
    output_field = TextField()
    bilateral = True  # the value that is compared gets the same key

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        text, params = compiler.compile(self.lhs)
        key = f"lower(regexp_replace(normalize({text}, NFKD), '{_ACCENTS}', '', 'g'))"
        key = f"translate({key}, '{''.join(_LETTERS)}', '{''.join(_LETTERS.values())}')"
        for letter, pair in _PAIRS.items():
            key = f"replace({key}, '{letter}', '{pair}')"
        return key, params


CharField.register_lookup(Collated)
TextField.register_lookup(Collated)
