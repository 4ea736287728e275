"""The other side decides neither how long a request lasts nor how much is read."""

import gzip
import time

import pytest

from outgoing import client
from outgoing.client import Limits, NoAnswer

QUICK = Limits(connect_seconds=1, read_seconds=0.4, total_seconds=0.8, most_bytes=100_000)


def _timed(call):
    began = time.monotonic()
    with pytest.raises(NoAnswer) as error:
        call()
    return time.monotonic() - began, str(error.value)


def test_a_long_answer_is_read_up_to_the_limit(sink):
    def endless(file):
        for _ in range(2000):
            file.write(b"x" * 10_000)

    sink.answer = lambda got: (200, {}, endless)

    answer = client.send(sink.url, limits=QUICK)

    assert (len(answer.body), answer.is_cut) == (100_000, True)


def test_a_compressed_answer_counts_with_its_unpacked_size(sink):
    packed = gzip.compress(b"0" * 50_000_000)
    sink.answer = lambda got: (200, {"Content-Encoding": "gzip"}, packed)

    answer = client.send(sink.url, limits=QUICK)

    assert (len(answer.body), answer.is_cut) == (100_000, True)


def test_a_server_that_does_not_answer_ends_the_request(sink):
    sink.answer = lambda got: time.sleep(1.5) or (200, {}, b"")

    seconds, text = _timed(lambda: client.send(sink.url, limits=QUICK))

    assert seconds < 1.2
    assert "127.0.0.1" in text


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "100"}])
def test_a_byte_now_and_then_does_not_prolong_the_request(sink, headers):
    def drip(file):
        for _ in range(20):
            file.write(b".")
            time.sleep(0.1)

    sink.answer = lambda got: (200, headers, drip)

    seconds, text = _timed(lambda: client.send(sink.url, limits=QUICK))

    assert seconds < 1.3
    assert text == "127.0.0.1 did not answer within 0.8 s."


def test_an_answer_that_breaks_off_is_an_error(sink):
    sink.answer = lambda got: (200, {"Content-Length": "1000"}, lambda file: file.write(b"BEGIN:"))

    with pytest.raises(NoAnswer, match="no valid answer"):
        client.send(sink.url, limits=QUICK)


def test_a_closed_port_is_named(sink):
    sink.stop()

    with pytest.raises(NoAnswer, match=f"No connection to 127.0.0.1:{sink.port}: Connection refused"):
        client.send(sink.url, limits=QUICK)


def test_a_name_server_that_hangs_ends_the_request(sink, monkeypatch):
    monkeypatch.setattr("socket.getaddrinfo", lambda *args, **kwargs: time.sleep(3) or [])

    seconds, text = _timed(lambda: client.send("https://slow.example.org/", limits=QUICK))

    assert seconds < 1.5
    assert "slow.example.org was not found within" in text


def test_what_is_sent(sink):
    client.send(
        sink.url + "/in", method="POST", body=b'{"a":1}', headers={"Content-Type": "application/json"}
    )

    (got,) = sink.got
    assert (got.method, got.path, got.body) == ("POST", "/in", b'{"a":1}')
    assert got.headers["User-Agent"] == "Riskhub"
    assert got.headers["Content-Type"] == "application/json"
    assert "Cookie" not in got.headers
