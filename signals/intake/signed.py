"""Who sends a signed body: the owner of the source whose secret signed it, to send signals only."""

import hashlib
import hmac
from base64 import b64encode

from django.core.exceptions import RequestDataTooBig
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from kit import clock, sealed
from people.models import User
from people.states import TokenScope
from rest.bodies import TooLarge
from signals.models import Source

MAX_AGE = 300  # seconds between the signature and its receipt


class SignedByGrafana(BaseAuthentication):
    """The hex HMAC-SHA256 of the body, or of "timestamp:body" if Grafana sends a timestamp."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        signature = request.headers.get("X-Grafana-Alerting-Signature", "")
        timestamp = request.headers.get("X-Grafana-Alerting-Signature-Timestamp", "")
        source = _signing_source(request, "grafana") if signature else None
        if source is None:
            return None
        signed = f"{timestamp}:".encode() if timestamp else b""
        digest = _digest(source, signed + _raw_body(request))
        return _sender(source, digest.hex(), signature, timestamp)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="riskhub"'


class SignedByMlflow(BaseAuthentication):
    """`v1,` and the base64 HMAC-SHA256 of "delivery id.timestamp.body"."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        signature = request.headers.get("X-MLflow-Signature", "")
        timestamp = request.headers.get("X-MLflow-Timestamp", "")
        source = _signing_source(request, "mlflow") if signature else None
        if source is None:
            return None
        delivery = request.headers.get("X-MLflow-Delivery-Id", "")
        digest = _digest(source, f"{delivery}.{timestamp}.".encode() + _raw_body(request))
        return _sender(source, "v1," + b64encode(digest).decode(), signature, timestamp or "0")

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="riskhub"'


def _signing_source(request: Request, adapter: str) -> Source | None:
    """Return the source of the address if it has a secret, else None: then a token is needed."""
    slug = (request.parser_context or {}).get("kwargs", {}).get("slug") or adapter
    rows = Source.objects.filter(slug=slug, adapter=adapter).exclude(secret="")
    return rows.first() if "\x00" not in slug else None


def _raw_body(request: Request) -> bytes:
    """Return the body as it was sent, which may be gzipped. Raises TooLarge."""
    try:
        return request._request.body
    except RequestDataTooBig:
        raise TooLarge from None


def _digest(source: Source, signed: bytes) -> bytes:
    try:
        secret = sealed.unseal(source.secret)
    except ValueError:
        raise AuthenticationFailed("The secret of this source cannot be read. Set it again.") from None
    return hmac.new(secret.encode(), signed, hashlib.sha256).digest()


def _sender(source: Source, expected: str, signature: str, timestamp: str) -> tuple[User, None]:
    """Return the owner of the source. Raises AuthenticationFailed for another signature or an old one."""
    if not hmac.compare_digest(expected.encode(), signature.strip().encode()):
        raise AuthenticationFailed("The signature does not match the secret of this source.")
    if timestamp:
        is_number = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12
        if not is_number or abs(clock.now().timestamp() - int(timestamp)) > MAX_AGE:
            raise AuthenticationFailed("The signature is too old. Check the clock of the sender.")
    user = User.objects.with_sight().filter(pk=source.owner_id, is_active=True).first()
    if user is None:
        raise AuthenticationFailed("This source has no active owner. Assign one.")
    user.token_scope = TokenScope.INGEST
    user.is_sender = True
    return user, None
