from __future__ import annotations

import pytest

from edge.errors import UsageError
from edge.outputs.kiosk.hosts import LOOPBACK, Address, Hosts, is_loopback, parse_address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("8080", "127.0.0.1", 8080),
        ("0", "127.0.0.1", 0),
        ("localhost:80", "127.0.0.1", 80),
        ("10.0.0.7:80", "10.0.0.7", 80),
        ("[::1]:81", "::1", 81),
    ],
)
def test_an_address_is_a_port_with_the_loopback_or_a_numeric_host(text, host, port):
    assert parse_address(text) == Address(host, port)


@pytest.mark.parametrize("text", ["", "x", "-1", "65536", "example.org:80", "127.0.0.1", "1.2.3:80", "٣", ":80"])
def test_other_words_are_no_address(text):
    with pytest.raises(UsageError, match="cannot be served there"):
        parse_address(text)


def test_the_default_is_this_machine_only():
    assert Address().host == LOOPBACK and Address().local


LOCAL = Hosts(Address(), machine="board.lan")
OPEN = Hosts(Address("10.0.0.7"), names=("Kiosk.home",), machine="board.lan")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8731", "127.0.0.1:8731", "127.9.9.9", "[::1]:8731", "::1"])
def test_a_local_page_answers_to_loopback_names(host):
    assert LOCAL.allow(host) and OPEN.allow(host)


@pytest.mark.parametrize("host", ["board.lan", "board.local:80", "kiosk.home", "192.168.1.7:8731", "[fe80::1]"])
def test_an_open_page_answers_to_its_names_and_to_numbers(host):
    assert OPEN.allow(host) and not LOCAL.allow(host)


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "127.0.0.1.evil.example", "a:b:c"])
def test_names_of_others_are_refused(host):
    assert not LOCAL.allow(host) and not OPEN.allow(host)


def test_loopback_in_every_notation():
    assert is_loopback("127.0.0.2") and is_loopback("::1") and is_loopback("::ffff:127.0.0.1")
    assert not is_loopback("10.0.0.1") and not is_loopback("x")
