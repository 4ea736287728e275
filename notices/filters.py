"""The filters and orders of the inbox, of the list of mails, and of webhooks with their deliveries."""

from django.db.models import Q

from lists import filtering
from lists.specification import ListSpec, Order
from notices.states import DeliveryState, MessageState

INBOX = ListSpec(
    filters={
        "show": filtering.named(
            "View",
            {
                "all": ("All", lambda reader: Q()),
                "unread": ("Unread", lambda reader: Q(has_unread=True)),
            },
        )
    },
    orders={"-at": Order("Newest", ("-at", "-id"))},
)

_WAITING = (MessageState.PENDING, MessageState.CLAIMED, MessageState.BUNDLED)
TROUBLED = (MessageState.DEAD, MessageState.UNCERTAIN)
# The tabs of the page of mails: value -> (label, condition).
MAIL_TABS: dict[str, tuple[str, Q]] = {
    "troubled": ("Failed", Q(state__in=TROUBLED)),
    "waiting": ("Waiting", Q(state__in=_WAITING)),
    "held": ("Held back", Q(state=MessageState.HELD)),
    "sent": ("Sent", Q(state=MessageState.DONE)),
    "all": ("All", Q()),
}

MAIL = ListSpec(
    filters={
        "show": filtering.named(
            "View",
            {
                tab: (label, lambda reader, condition=condition: condition)
                for tab, (label, condition) in MAIL_TABS.items()
            },
        )
    },
    orders={"-made_at": Order("Newest", ("-made_at", "id"))},
)

WEBHOOKS = ListSpec(
    filters={},
    orders={"id": Order("Oldest", ("id",)), "-id": Order("Newest", ("-id",))},
)
DELIVERIES = ListSpec(
    filters={
        "show": filtering.named(
            "View",
            {
                "all": ("All", lambda reader: Q()),
                "failed": ("Failed", lambda reader: Q(state=DeliveryState.DEAD)),
                "waiting": (
                    "Waiting",
                    lambda reader: Q(state__in=(DeliveryState.PENDING, DeliveryState.CLAIMED)),
                ),
            },
        ),
    },
    orders={"-made_at": Order("Newest", ("-made_at", "-id"))},
)
