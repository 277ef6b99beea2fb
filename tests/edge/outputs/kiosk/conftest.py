from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from edge.controls import Controls
from edge.outputs.kiosk import Hub
from edge.outputs.kiosk.hosts import Address
from edge.outputs.kiosk.site import served

pytest.importorskip("uvicorn", reason="the kiosk needs starlette and uvicorn: pip install 'fingerpost[kiosk]'")

OURS = {"X-Fingerpost": "test", "Content-Type": "application/json"}


@dataclass
class Site:
    """A kiosk that is being served, and a client that sends what it is told and nothing else."""

    hub: Hub
    controls: Controls
    port: int

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        return self.ask("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def post(self, path: str, thing: object, headers: dict[str, str] | None = None) -> int:
        return self.ask("POST", path, json.dumps(thing).encode(), OURS if headers is None else headers)[0]

    def listen(self) -> Iterator[dict[str, object]]:
        """The messages of the event stream, as they come."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/events")
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            while line := answer.readline():
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])
        finally:
            connection.close()


@pytest.fixture
def site_class() -> type[Site]:
    return Site


@pytest.fixture
def site():
    hub, controls = Hub(), Controls()
    with served(hub, controls, Address(port=0)) as server:
        yield Site(hub, controls, server.address.port)
