"""The real connection, with a real mosquitto on this machine: it comes, goes, refuses, and comes back."""

from __future__ import annotations

import datetime
import json
import logging
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from edge.controls import Controls
from edge.errors import InputError
from edge.outputs.mqtt import Mqtt
from edge.outputs.mqtt.address import Login, parse_broker
from edge.outputs.mqtt.paho import PahoBroker
from edge.outputs.mqtt.topics import Topics
from edge.types import Action, Caption, State

PROGRAM = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="mosquitto is not installed")
BASE = "fingerpost/test"
PAUSE = (1, 1)


def eventually(true: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


class Mosquitto:
    """A broker on a port of its own; ``config`` are more lines of its configuration."""

    def __init__(self, folder: Path, *config: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._file = folder / "mosquitto.conf"
        self._file.write_text(
            "\n".join(("user root", "persistence false", f"listener {self.port} 127.0.0.1", *config, ""))
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert PROGRAM is not None
        self._process = subprocess.Popen([PROGRAM, "-c", str(self._file)], stderr=subprocess.DEVNULL)
        assert eventually(self._answers)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def freeze(self) -> None:
        """It keeps the connection, and takes nothing any more."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    made: list[Mosquitto] = []

    def make(*config: str) -> Mosquitto:
        made.append(Mosquitto(tmp_path, *config))
        return made[-1]

    yield make
    for broker in made:
        broker.kill()


class Listener:
    """Somebody else at the broker; ``heard`` is the newest payload of each topic."""

    def __init__(self, port: int) -> None:
        self.heard: dict[str, str] = {}
        self.client = Client(CallbackAPIVersion.VERSION2)
        self.client.reconnect_delay_set(*PAUSE)
        self.client.on_connect = lambda client, *_: client.subscribe("#")
        self.client.on_message = lambda _client, _data, m: self.heard.update({m.topic: m.payload.decode()})
        self.client.connect_async("127.0.0.1", port)
        self.client.loop_start()

    def field(self, topic: str, name: str) -> object:
        return json.loads(self.heard.get(f"{BASE}/{topic}", "{}")).get(name)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def device(port: int, scheme: str = "mqtt", **options: object) -> tuple[Mqtt, Controls]:
    controls = Controls()
    address = parse_broker(f"{scheme}://127.0.0.1:{port}/test", **options)
    return Mqtt(PahoBroker(address, pause=PAUSE), Topics("test"), controls), controls


def test_a_broker_that_is_killed_and_started_again_hears_the_present_and_nobody_waits(mosquitto):
    broker = mosquitto("allow_anonymous true")
    begin = time.monotonic()
    output, controls = device(broker.port)  # not even started yet: the kiosk begins all the same
    output.show(State("hand", 1.0))
    output.show(Caption("HE", 1.0))
    assert time.monotonic() - begin < 1
    broker.start()
    listener = Listener(broker.port)
    try:
        assert eventually(lambda: listener.field("state", "name") == "hand")
        assert eventually(lambda: listener.heard.get(f"{BASE}/availability") == "online")
        output.show(Caption("HELLO", 2.0))
        assert eventually(lambda: listener.field("caption", "text") == "HELLO")
        asked: list[Action] = []
        listener.client.publish(f"{BASE}/do", "clear").wait_for_publish(5)
        assert eventually(lambda: asked.extend(controls.take()) or asked == [Action("clear", "mqtt")])

        broker.kill()
        listener.heard.clear()
        begin = time.monotonic()
        for n in range(500):
            output.show(Caption(f"{n}", 3.0))
        output.show(State("unsure", 3.0))
        assert time.monotonic() - begin < 2
        broker.start()
        assert eventually(lambda: listener.field("state", "name") == "unsure")
        assert eventually(lambda: listener.heard.get(f"{BASE}/availability") == "online")
        output.close()
        assert eventually(lambda: listener.heard.get(f"{BASE}/availability") == "offline")
    finally:
        listener.close()


def test_a_broker_that_hangs_holds_nobody_up(mosquitto):
    broker = mosquitto("allow_anonymous true")
    broker.start()
    connected: list[bool] = []
    connection = PahoBroker(parse_broker(f"mqtt://127.0.0.1:{broker.port}/test"), pause=PAUSE)
    will = Topics("test").availability("offline")
    connection.start(will=will, topics=("x",), connected=lambda: connected.append(True), received=lambda _message: None)
    assert eventually(lambda: bool(connected))
    broker.freeze()
    begin = time.monotonic()
    for _ in range(200):
        connection.publish(Topics("test").passing("caption", "x" * 10_000))
    assert time.monotonic() - begin < 2
    connection.close(will)
    assert time.monotonic() - begin < 10


def test_a_run_that_dies_is_offline_by_its_last_will(mosquitto):
    broker = mosquitto("allow_anonymous true")
    broker.start()
    script = (
        "import os, time\n"
        "from edge.controls import Controls\n"
        "from edge.outputs.mqtt import Mqtt\n"
        "from edge.outputs.mqtt.address import parse_broker\n"
        "from edge.outputs.mqtt.paho import PahoBroker\n"
        "from edge.outputs.mqtt.topics import Topics\n"
        f"Mqtt(PahoBroker(parse_broker('mqtt://127.0.0.1:{broker.port}/test')), Topics('test'), Controls())\n"
        "time.sleep(60)\n"
    )
    listener = Listener(broker.port)
    process = subprocess.Popen([sys.executable, "-c", script])
    try:
        assert eventually(lambda: listener.heard.get(f"{BASE}/availability") == "online")
        process.kill()
        assert eventually(lambda: listener.heard.get(f"{BASE}/availability") == "offline")
    finally:
        process.kill()
        process.wait()
        listener.close()


def test_a_wrong_password_is_said_once_and_the_right_one_lets_us_in(mosquitto, tmp_path, caplog):
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "kiosk", "right"], check=True, capture_output=True)
    broker = mosquitto("allow_anonymous false", f"password_file {passwords}")
    broker.start()
    caplog.set_level(logging.INFO, "edge.outputs.mqtt.paho")
    output, _ = device(broker.port, login=Login("kiosk", "wrong"))
    assert eventually(lambda: "refuses us" in caplog.text)
    time.sleep(1.5)  # time for another try
    assert caplog.text.count("mqtt=away") == 1
    assert "wrong" not in caplog.text
    output.close()
    caplog.clear()
    connected: list[bool] = []
    broker_ = PahoBroker(
        parse_broker(f"mqtt://127.0.0.1:{broker.port}/test", login=Login("kiosk", "right")), pause=PAUSE
    )
    will = Topics("test").availability("offline")
    broker_.start(will=will, topics=("x",), connected=lambda: connected.append(True), received=lambda _message: None)
    assert eventually(lambda: bool(connected))
    broker_.close(will)
    assert "away" not in caplog.text


class Certificates:
    """An authority, and what it signs: files for a broker on this machine and for a client."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._authority = self._signed(subject, self._key, x509.BasicConstraints(ca=True, path_length=None))
        self.ca = folder / f"{name}-ca.pem"
        self.ca.write_bytes(self._authority.public_bytes(serialization.Encoding.PEM))

    def make(self, who: str) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, who)])
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        paths = self._folder / f"{self._name}-{who}.pem", self._folder / f"{self._name}-{who}.key"
        paths[0].write_bytes(self._signed(subject, key, names).public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return paths

    def _signed(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, more: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.timezone.utc)
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self._name)])
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(more, critical=False)
            .sign(self._key, hashes.SHA256())
        )


def test_tls_checks_the_broker_and_shows_it_our_certificate(mosquitto, tmp_path, caplog):
    ours, others = Certificates(tmp_path, "ours"), Certificates(tmp_path, "others")
    certificate, key = ours.make("broker")
    broker = mosquitto(
        *("allow_anonymous true", f"cafile {ours.ca}", f"certfile {certificate}", f"keyfile {key}"),
        "require_certificate true",
    )
    broker.start()
    mine, my_key = ours.make("client")
    connected: list[str] = []

    def attempt(name: str, **files: Path) -> PahoBroker:
        made = PahoBroker(parse_broker(f"mqtts://127.0.0.1:{broker.port}/{name}", **files), pause=PAUSE)
        will = Topics(name).availability("offline")
        made.start(will=will, topics=("x",), connected=lambda: connected.append(name), received=lambda _message: None)
        return made

    caplog.set_level(logging.INFO, "edge.outputs.mqtt.paho")
    good = attempt("good", ca=ours.ca, certificate=mine, key=my_key)
    assert eventually(lambda: connected == ["good"])
    stranger = attempt("stranger", ca=others.ca, certificate=mine, key=my_key)
    nobody = attempt("nobody", ca=ours.ca)
    assert eventually(lambda: "/stranger" in caplog.text and "/nobody" in caplog.text)
    assert connected == ["good"]
    for each, name in ((good, "good"), (stranger, "stranger"), (nobody, "nobody")):
        each.close(Topics(name).availability("offline"))


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_cannot_be_read_are_one_line(tmp_path, content):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match="CA certificate cannot be read"):
        PahoBroker(parse_broker("mqtts://127.0.0.1:1", ca=path))
    path.write_text("no certificate")
    with pytest.raises(InputError, match="certificate for the broker cannot be used"):
        PahoBroker(parse_broker("mqtts://127.0.0.1:1", certificate=path, key=path))


def test_closing_without_a_connection_takes_a_bounded_time():
    output, _ = device(9)
    begin = time.monotonic()
    output.close()
    assert time.monotonic() - begin < 5
