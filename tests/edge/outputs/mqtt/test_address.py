"""Where the broker is and who we are: said once, wrongly said at once, and never a password in sight."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import InputError, UsageError
from edge.outputs.mqtt.address import Login, parse_broker, read_login


def test_a_broker_is_named_by_a_url():
    address = parse_broker("mqtt://home.example/Kitchen Kiosk")
    assert (address.host, address.port, address.name, address.tls) == ("home.example", 1883, "kitchen-kiosk", False)
    address = parse_broker("mqtts://[::1]:1234", ca=Path("ca.pem"))
    assert (address.host, address.port, address.tls, address.ca) == ("::1", 1234, True, Path("ca.pem"))
    assert address.name, "the host's name"
    assert address.url == f"mqtts://[::1]:1234/{address.name}"


@pytest.mark.parametrize(
    "url",
    ["", "home", "http://home", "mqtt://", "mqtt://home:99999", "mqtt://home:x", "mqtt://home/a/b", "mqtt://h?x=1"],
)
def test_what_is_no_broker_is_refused(url):
    with pytest.raises(UsageError, match=r"no address of a broker.*expected mqtt://HOST"):
        parse_broker(url)


def test_a_login_in_the_url_is_refused_with_the_remedy_and_is_not_repeated():
    with pytest.raises(UsageError, match="--mqtt-login FILE") as caught:
        parse_broker("mqtt://me:secret@home")
    assert "secret" not in str(caught.value)


def test_certificates_need_tls_and_come_with_their_key():
    with pytest.raises(UsageError, match="with TLS only"):
        parse_broker("mqtt://home", ca=Path("ca.pem"))
    with pytest.raises(UsageError, match="belong together"):
        parse_broker("mqtts://home", certificate=Path("cert.pem"))


def test_a_login_comes_from_a_file_or_from_systemd(tmp_path):
    (tmp_path / "mqtt").write_text("kiosk\ns3cret: with colon\n")
    login = Login("kiosk", "s3cret: with colon")
    assert read_login(tmp_path / "mqtt", {}) == login
    assert read_login(None, {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == login
    assert read_login(None, {"CREDENTIALS_DIRECTORY": str(tmp_path / "other")}) is None
    assert read_login(None, {}) is None
    assert "s3cret" not in repr(login)


@pytest.mark.parametrize("content", [b"", b"only\n", b"a\nb\nc\n", b"\nsecret\n", b"\xff\xfe\n\xff"])
def test_a_file_that_is_no_login_is_refused_without_its_content(tmp_path, content):
    path = tmp_path / "login"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_login(path, {})
    assert str(path) in str(caught.value) and "secret" not in str(caught.value)


def test_a_login_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_login(tmp_path / "none", {})
