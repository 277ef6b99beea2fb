"""What the unit forbids is refused on a real board, by systemd itself: a probe runs under the unit's very settings."""

from __future__ import annotations

import re

import pytest

from .kiosk import STORE, Kiosk
from .report import Report
from .workshop import TEST

pytestmark = [pytest.mark.device, pytest.mark.timeout(7200)]

EXPOSURE = 2.0
PROBE = "fingerpost-probe.service"
UNITS = "/usr/lib/systemd/system"
# Only what is run is another: every other word of the unit stays.
DROP_IN = (
    f"[Service]\\nExecStart=\\nExecStart=/opt/fingerpost/bin/python -I {TEST}/probe.py\\nType=oneshot\\nRestart=no\\n"
)


def test_a_service_that_was_broken_into_can_do_nothing(kiosk: Kiosk) -> None:
    outside = set(kiosk.run(f"/opt/fingerpost/bin/python -I {TEST}/probe.py").text.split())
    kiosk.run(f"cp {UNITS}/fingerpost.service /run/systemd/system/{PROBE}; mkdir -p /run/systemd/system/{PROBE}.d;"
              f" printf '{DROP_IN}' > /run/systemd/system/{PROBE}.d/probe.conf; systemctl daemon-reload")  # fmt: skip
    kiosk.run("systemctl stop fingerpost")
    begin = kiosk.guest.now()
    kiosk.run(f"systemctl start {PROBE}", timeout=60)
    inside = {line.text for line in kiosk.guest.journal(begin) if line.source == "python"}
    # Every attempt is one that works without the sandbox, else it would prove nothing.
    assert {"state", "write:/etc", "write:/usr", "listen:4", "connect", "netlink", "packet", "disk"} <= outside
    assert {"executable-memory", "others", "priority", "kernel"} <= outside
    assert inside == {"state"}


def test_little_is_exposed_by_systemds_own_measure(kiosk: Kiosk, report: Report) -> None:
    page = kiosk.run("systemd-analyze security --no-pager fingerpost.service", timeout=60).text
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", page)
    assert found, page
    report.fact("exposure (systemd-analyze security)", float(found[1]))
    assert float(found[1]) <= EXPOSURE


def test_no_picture_is_left_anywhere(kiosk: Kiosk) -> None:
    kiosk.run("touch /run/before; sleep 5")
    written = kiosk.run(
        "find / -xdev -newer /run/before -type f -size +0 -not -path '/proc/*' -not -path '/sys/*'"
    ).text
    written += kiosk.run("find /run /tmp /dev/shm /var/tmp -newer /run/before -type f -size +0").text
    allowed = ("/var/log/journal/", "/run/before", "/run/agent.out", "/run/systemd/", "/run/log/", "/run/udev/")
    assert [path for path in written.split() if not path.startswith(allowed)] == []
    # Nothing but the store lies in its folder.
    kept = set(kiosk.run(f"ls -A {STORE}").text.split())
    assert kept <= {"active", "previous", "bundles", "record.json", "lock", ".lock"}, kept
