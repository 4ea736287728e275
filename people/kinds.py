"""The kinds of this room."""

from history.documents import Texts
from kit.kinds import Kind, NoPage, Page
from people.models import Function, Invitation, Organisation, ServiceAccount, Team, Token, User

_SETTINGS = NoPage("The settings page shows the organisation and its functions.")

KINDS = (
    Kind(
        User,
        "Person",
        "People",
        icon="user",
        page=Page("people:person_detail", "object_id"),
        permission="people.person_view",
        is_discussed=False,
        search_rank=160,
        texts=Texts(names=("function__name",)),
    ),
    Kind(
        ServiceAccount,
        "Service account",
        "Service accounts",
        icon="robot",
        page=Page("people:service_account_detail", "object_id"),
        permission="people.person_view",
        is_discussed=False,
        search_rank=180,
        texts=Texts(body=("purpose",)),
    ),
    Kind(
        Team,
        "Team",
        "Teams",
        icon="users-group",
        page=Page("people:team_by_id", "object_id"),
        permission="people.team_view",
        is_discussed=False,
        search_rank=170,
    ),
    Kind(
        Organisation,
        "Organisation",
        "Organisations",
        icon="settings",
        page=_SETTINGS,
        permission="people.signed_in",
    ),
    Kind(Function, "Function", "Functions", icon="settings", page=_SETTINGS, permission="people.signed_in"),
    Kind(
        Invitation,
        "Invitation",
        "Invitations",
        icon="mail-forward",
        page=NoPage("The list of invitations shows all of them."),
        permission="people.invitation_view",
    ),
    Kind(
        Token,
        "Token",
        "Tokens",
        icon="plug",
        page=NoPage("The account page shows a person's own tokens."),
        permission="people.account",
    ),
)
