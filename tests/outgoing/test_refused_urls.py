"""No form of an address, no answer of a name server and no redirect leads a request to an inner address."""

import socket

import pytest

from outgoing import client, connection, networks, urls
from outgoing.client import Limits, NoAnswer, RefusedUrl
from tests.outgoing.sink import HttpSink

PUBLIC = "93.184.215.14"
QUICK = Limits(connect_seconds=1, read_seconds=1, total_seconds=2)

# Forms of 127.0.0.1 and of other inner hosts. {port} is that of a canary.
HOSTS = (
    "127.0.0.1", "127.1", "127.0.1", "127.0.0.2", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.1",
    "0x7F.0x0.0x0.0x1", "0177.0.0.1", "0177.0.1", "017700000001", "127.0x0.0.1", "127.000.000.001",
    "00000177.0.0.1", "0", "0.0.0" + ".0", "0x0", "00", "0.0", "0.0.0.1",
    "localhost", "LOCALHOST", "localhost.",
    "LocalHost.", "127.0.0.1.", "10.0.0.1", "10.1", "0xa.0.0.1", "167772161", "10.255.255.255", "172.16.0.1",
    "172.31.255.255", "192.168.0.1", "192.168.1", "3232235521", "169.254.169.254", "169.254.43518",
    "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "100.64.0.1", "100.127.255.254", "192.0.0.1",
    "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::0001]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::ffff:10.0.0.1]",
    "[::ffff:169.254.169.254]", "[::FFFF:A9FE:A9FE]", "[::ffff:93.184.215.14]", "[::127.0.0.1]",
    "[::7f00:1]", "[2002:7f00:1::]", "[2002:a00:1::1]", "[2002:a9fe:a9fe::]", "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::a00:1]", "[2001:0:7f00:1::]", "[2001::1]", "[2001:db8::1]",
    "[3fff::1]", "[5f00::1]", "[100::1]", "[fc00::1]", "[fd00::1]", "[fd12:3456:789a::1]",
    "[fd00:ec2::254]", "[fe80::1]", "[fe80::1%25lo]", "[febf::1]", "[fec0::1]", "[ff02::1]", "[ff05::2]",
    "[2606:4700::5efe:a00:1]", "[4000::1]", "[e000::1]",
)  # fmt: skip
# What is no plain https URL, or is read differently by different parsers.
FORMS = (
    "", "https://", "https:///", "https:", "//127.0.0.1/", "127.0.0.1:{port}", "ftp://127.0.0.1/",
    "file:///etc/passwd", "gopher://127.0.0.1:{port}/_x", "dict://127.0.0.1:{port}/", "javascript:alert(1)",
    "data:text/calendar,x", "ws://127.0.0.1/", "unix:///var/run/docker.sock", "http+unix://%2Fvar%2Frun/x",
    "HTTP://127.0.0.1:{port}/", "https://user:secret@127.0.0.1:{port}/", "https://example.org@127.0.0.1:{port}/",
    "https://127.0.0.1:{port}@example.org/", "https://example.org:80@127.0.0.1:{port}/", "https://@127.0.0.1/",
    "https://:@127.0.0.1/", "https://127.0.0.1:{port}\\@example.org/", "https://example.org\\@127.0.0.1:{port}/",
    "https://example.org#@127.0.0.1:{port}/", "https://127.0.0.1:{port}#@example.org/",
    "https://127.0.0.1%00.example.org/", "https://127.0.0.1\x00.example.org/",
    "https://127.0.0.1\r\nHost: x/",
    "https://127.0.0.1:{port}/\r\nX: y", "https://127.0.0.1\t/", " https://127.0.0.1:{port}/",
    "https://127.0.0.1 /", "https://\uff11\uff12\uff17.0.0.1/", "https://①②⑦.0.0.1/", "https://127。0。0。1/",
    "https://ⓛocalhost/", "https://[::1/", "https://::1]/", "https://[127.0.0.1]/", "https://[::1]:{port}x/",
    "https://127.0.0.1:0/", "https://127.0.0.1:99999/", "https://127.0.0.1:-1/", "https://127.0.0.1:+1/",
    "https://127.0.0.1:80:{port}/", "https://exa mple.org/", "https://%31%32%37.0.0.1/",
    "https://local%68ost:{port}/", "https://.localhost/", "https://a..b/", "https://" + "a" * 300 + ".org/",
    "https://example.org/" + "a" * 2000, "https://<script>/", "https://example.org/#part",
)  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_no_form_of_an_inner_address_gets_a_byte(host, scheme, canary):
    with pytest.raises((RefusedUrl, NoAnswer)) as refused:
        client.send(f"{scheme}://{host}:{canary.port}/", limits=QUICK)

    assert "Riskhub" in str(refused.value) or "host" in str(refused.value)
    assert canary.connections == 0


@pytest.mark.parametrize("form", FORMS)
def test_no_form_that_parsers_read_differently_is_sent(form, canary):
    with pytest.raises(RefusedUrl) as refused:
        client.send(form.replace("{port}", str(canary.port)), limits=QUICK)

    assert str(refused.value).endswith(".")
    assert canary.connections == 0


def _answers(monkeypatch, *answers):
    """Let the name resolver give these addresses, one after the other; the last one for all further calls."""
    left = list(answers)
    asked = []

    def getaddrinfo(host, port, *args, **kwargs):
        asked.append(host)
        found = left.pop(0) if len(left) > 1 else left[0]
        one = [found] if isinstance(found, str) else found
        return [
            (socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))
            for ip in one
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("inner", ["127.0.0.1", "10.0.0.5", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
def test_a_name_that_resolves_to_an_inner_address_is_refused(inner, monkeypatch, canary):
    _answers(monkeypatch, inner)

    with pytest.raises(RefusedUrl, match=r"RISKHUB_OUTGOING_ALLOW"):
        client.send(f"https://calendar.example.org:{canary.port}/", limits=QUICK)

    assert canary.connections == 0


def test_a_name_that_resolves_to_a_public_address_first_is_not_resolved_again(monkeypatch, canary):
    asked = _answers(monkeypatch, PUBLIC, "127.0.0.1")
    tried = []

    def connect(self, address):
        tried.append(address[0])
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(connection.socket, "socket", _socket_with(connect=connect))
    with pytest.raises(NoAnswer, match="Connection refused"):
        client.send(f"https://rebind.example.org:{canary.port}/", limits=QUICK)

    assert (asked, tried) == (["rebind.example.org"], [PUBLIC])
    with pytest.raises(RefusedUrl):  # the second request gets the second answer
        client.send(f"https://rebind.example.org:{canary.port}/", limits=QUICK)
    assert tried == [PUBLIC]
    assert canary.connections == 0


def test_the_inner_one_of_several_addresses_is_not_tried(monkeypatch, canary):
    _answers(monkeypatch, ["127.0.0.1", PUBLIC, "10.0.0.1"])
    tried = []

    def connect(self, address):
        tried.append(address[0])
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(connection.socket, "socket", _socket_with(connect=connect))
    with pytest.raises(NoAnswer):
        client.send(f"https://both.example.org:{canary.port}/", limits=QUICK)

    assert tried == [PUBLIC]


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_nothing_is_sent_when_the_connected_peer_is_another_than_the_resolved_one(
    scheme, monkeypatch, canary
):
    """A public address may lead inside, by a rule of a firewall. Only the connected socket shows it."""
    _answers(monkeypatch, PUBLIC)
    inside = canary.port
    real = socket.socket.connect

    def connect(self, address):
        return real(self, ("127.0.0.1", inside))

    monkeypatch.setattr(connection.socket, "socket", _socket_with(connect=connect))
    with pytest.raises(RefusedUrl):
        client.send(f"{scheme}://outside.example.org/", limits=QUICK)

    canary.settle()
    assert canary.bytes_read == 0
    if scheme == "https":
        assert canary.connections == 1  # it was connected, and closed without a byte


def _socket_with(**methods):
    return type("Socket", (socket.socket,), methods)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status, sink, canary):
    sink.answer = lambda got: (status, {"Location": f"http://127.0.0.1:{canary.port}/latest/meta-data"}, b"")

    answer = client.send(sink.url + "/hook", method="POST", body=b"{}")

    assert (answer.status, answer.is_redirect, answer.is_success) == (status, True, False)
    assert canary.connections == 0


def test_an_allowed_network_is_reached_also_by_plain_http(sink):
    assert client.send(sink.url + "/feed?of=risk").body == b"ok"
    assert [(got.method, got.path) for got in sink.got] == [("GET", "/feed?of=risk")]


def test_an_allowed_network_allows_no_other_one(settings, canary):
    settings.OUTGOING_ALLOW = networks.networks(["127.0.0.2", "fd00::/8"])

    with pytest.raises(RefusedUrl):
        client.send(f"http://127.0.0.1:{canary.port}/", limits=QUICK)
    assert canary.connections == 0


def test_plain_http_to_a_public_address_is_refused():
    with pytest.raises(RefusedUrl, match="Use https"):
        client.check(f"http://{PUBLIC}/")


def test_the_environment_sets_no_proxy(sink, canary, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")

    assert client.send(sink.url).is_success
    assert canary.connections == 0


@pytest.mark.parametrize(
    ("texts", "address", "is_allowed"),
    [
        ((), PUBLIC, True),
        ((), "8.8.8.8", True),
        ((), "2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ((), "192.0.0.170", False),
        (("10.1.0.0/16",), "10.1.200.3", True),
        (("10.1.0.0/16",), "10.2.0.1", False),
        (("10.1.0.0/16",), "::ffff:10.1.0.1", True),
        (("10.1.0.0/16",), "64:ff9b::a01:1", False),
        (("fd12::/16",), "fd12::5", True),
        (("fd12::/16",), "fd13::5", False),
    ],
)
def test_which_addresses_are_reached(texts, address, is_allowed):
    assert (networks.why_refused(address, networks.networks(texts)) == "") == is_allowed


def test_a_network_that_is_none_is_named():
    with pytest.raises(ValueError, match=r"“10\.1\.0\.1/16” is no network"):
        networks.networks(["192.168.4.7", "10.1.0.1/16"])


def test_the_parts_of_a_url():
    target = urls.checked("https://Hooks.Example.org/T0/B0?x=1", ())

    assert (target.host, target.port, target.path) == ("hooks.example.org", 443, "/T0/B0?x=1")
    assert urls.checked("https://example.org", ()).path == "/"


def test_a_secure_sink_is_only_reached_with_a_known_certificate(settings, monkeypatch):
    settings.OUTGOING_ALLOW = networks.networks(["127.0.0.1"])
    server = HttpSink(is_secure=True)
    try:
        with pytest.raises(NoAnswer, match="certificate"):
            client.send(server.url + "/")
        assert server.got == []
        known = connection.ssl.create_default_context(cafile=str(_certificate()))
        monkeypatch.setattr(connection, "_tls", lambda: known)
        assert client.send(server.url + "/x").status == 200
        assert [got.path for got in server.got] == ["/x"]
    finally:
        server.stop()


def _certificate():
    from tests.outgoing.sink import CERTIFICATE

    return CERTIFICATE
