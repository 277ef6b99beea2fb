"""The real connection, by paho-mqtt: in a thread of its own, which connects again with growing pauses."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from secrets import token_hex
from threading import Thread
from typing import Any

from edge.errors import DependencyError, InputError
from edge.outputs.mqtt.address import BrokerAddress
from edge.outputs.mqtt.broker import Message

try:
    from paho.mqtt.client import Client, MQTTMessage
    from paho.mqtt.enums import CallbackAPIVersion
except ImportError as error:
    raise DependencyError(
        "MQTT needs paho-mqtt, which is not installed", remedy="install it with: pip install 'fingerpost[mqtt]'"
    ) from error

_log = logging.getLogger(__name__)

_KEEPALIVE = 30
_PATIENCE_S = 5.0
"""For a connection to be made."""
_PAUSE_S = (1, 60)
"""The first and the longest pause before the next try; each is twice the one before."""
_CLOSE_S = 3.0
_MAX_COMMAND = 256
"""Bytes of a message that is looked at: no action's name is longer."""


class PahoBroker:
    """A broker at ``address``. Trouble is logged once, until it is another trouble or the connection is there.

    Raises InputError when a certificate or key cannot be read.
    """

    def __init__(self, address: BrokerAddress, *, pause: tuple[int, int] = _PAUSE_S) -> None:
        self._address = address
        self._trouble = ""
        # A name of its own for each run: a broker cuts off the older of two connections with one name.
        self._client = client = Client(
            CallbackAPIVersion.VERSION2, client_id=f"fingerpost-{address.name}-{token_hex(3)}"
        )
        client.connect_timeout = _PATIENCE_S
        client.reconnect_delay_set(*pause)
        if address.login is not None:
            client.username_pw_set(address.login.user, address.login.password)
        if address.tls:
            client.tls_set_context(_context(address))

    def start(
        self,
        *,
        will: Message,
        topics: tuple[str, ...],
        connected: Callable[[], None],
        received: Callable[[Message], None],
    ) -> None:
        """Begin to connect, and return."""
        client = self._client

        def on_connect(client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
            if reason.is_failure:
                self._say(f"it refuses us: {reason}")
                return
            if self._trouble:
                _log.warning("mqtt=connected broker=%s", self._address.url)
            self._trouble = ""
            client.subscribe([(topic, 1) for topic in topics])
            connected()

        def on_message(_client: Client, _data: Any, message: MQTTMessage) -> None:
            payload = message.payload[:_MAX_COMMAND].decode("utf-8", "replace")
            received(Message(message.topic, payload, message.retain))

        def on_disconnect(_client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
            # After a refusal the broker hangs up; the refusal has been said.
            if reason.is_failure and not self._trouble:
                self._say(f"the connection was lost: {reason}")

        client.on_connect, client.on_message, client.on_disconnect = on_connect, on_message, on_disconnect
        unreachable = "it cannot be reached" + (", or the certificates do not fit" if self._address.tls else "")
        client.on_connect_fail = lambda _client, _data: self._say(unreachable)
        client.will_set(will.topic, will.payload, qos=1, retain=will.retained)
        client.connect_async(self._address.host, self._address.port, keepalive=_KEEPALIVE)
        client.loop_start()

    def publish(self, message: Message) -> None:
        """Give it to the thread; it is dropped while there is no connection."""
        if self._client.is_connected():
            self._client.publish(message.topic, message.payload, qos=0, retain=message.retained)

    def close(self, last: Message) -> None:
        """Publish, disconnect, and wait a little for the thread."""
        if self._client.is_connected():
            try:
                self._client.publish(last.topic, last.payload, qos=1, retain=last.retained).wait_for_publish(_CLOSE_S)
            except (RuntimeError, ValueError):
                _log.info("the connection to the broker broke while it was closed")
        self._client.disconnect()
        # It may be waiting for an address or a connection, which nobody can break off.
        stop = Thread(target=self._client.loop_stop, name="mqtt-close", daemon=True)
        stop.start()
        stop.join(_CLOSE_S)

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            _log.warning("mqtt=away broker=%s reason=%s; trying again", self._address.url, trouble)
        self._trouble = trouble


def _context(address: BrokerAddress) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=address.ca)
    except (OSError, ssl.SSLError) as error:
        raise InputError("the broker's CA certificate cannot be read", where=address.ca, found=error) from error
    if address.certificate is not None:
        try:
            context.load_cert_chain(address.certificate, address.key, password=_no_password)
        except (OSError, ssl.SSLError, ValueError) as error:
            where = f"{address.certificate}, {address.key}"
            raise InputError("the certificate for the broker cannot be used", where=where, found=error) from error
    return context


def _no_password() -> str:
    """Asked for by a key that is encrypted; a device that nobody attends has nobody to ask."""
    return ""
