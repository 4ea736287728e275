"""How allauth keeps second factors here: sealed, and with the names of this installation."""

from allauth.mfa.adapter import DefaultMFAAdapter

from kit.sealed import seal, unseal
from people import queries
from people.models import User


class FactorAdapter(DefaultMFAAdapter):
    """Secrets are sealed, so a dump of the database has none. Mails are ours (people/events.py)."""

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)

    def get_totp_issuer(self) -> str:
        organisation = queries.organisation()
        return f"Riskhub {organisation.name}" if organisation else "Riskhub"

    def get_totp_label(self, user: User) -> str:
        return user.email

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": self.get_totp_issuer()}
