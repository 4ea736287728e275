"""The API resources of this room as (address, view): one module per noun."""

from people.api import absence, duty, holiday, invitation, me, news, person, service_account, token

RESOURCES: list = [
    *person.RESOURCES,
    *absence.RESOURCES,
    *holiday.RESOURCES,
    *duty.RESOURCES,
    *news.RESOURCES,
    *token.RESOURCES,
    *service_account.RESOURCES,
    *invitation.RESOURCES,
    *me.RESOURCES,
]
