"""A real OpenID Connect provider as a process of its own (oidc-provider-mock), for tests of the sign-in.

`python -m tests.services.oidc_provider MOMENT` serves on a free port, which it prints, with its clock at that
moment. Claims of a person replace those of the ID token too, so a wrong nonce or audience is a claim.
"""

import re
import subprocess
import sys
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import quote, urlsplit

import requests
import time_machine


class Provider:
    """The running provider. url: its issuer."""

    def __init__(self, url, process) -> None:
        self.url, self.process = url, process

    def knows(self, sub, **claims):
        """Let the provider know a person with these claims."""
        requests.put(f"{self.url}/users/{quote(sub)}", json=claims, timeout=5).raise_for_status()

    def rotate_keys(self):
        requests.post(f"{self.url}/control/rotate", timeout=5).raise_for_status()

    def consent(self, address, sub):
        """Be the browser of this person at the provider. Returns the address that it leads back to."""
        answer = requests.post(address, data={"sub": sub}, allow_redirects=False, timeout=5)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@contextmanager
def provider(at):
    """Run the provider, with its clock at a moment. Yields a Provider."""
    command = [sys.executable, "-u", "-m", "tests.services.oidc_provider", at.isoformat()]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        port = re.search(r"\d+", process.stdout.readline())[0]
        yield Provider(f"http://127.0.0.1:{port}", process)
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def path_of(address):
    """Return the path and the query of an absolute address."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def main(at):
    import flask
    import oidc_provider_mock
    from authlib import jose
    from werkzeug.serving import make_server

    app = oidc_provider_mock.app(require_nonce=True)

    @app.post("/control/rotate")
    def rotate():
        flask.g.oidc_provider_mock_storage.jwk = jose.RSAKey.generate_key(is_private=True)
        return "", 204

    with time_machine.travel(datetime.fromisoformat(at), tick=True):
        server = make_server("127.0.0.1", 0, app, threaded=True)
        sys.stdout.write(f"{server.server_port}\n")
        server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
