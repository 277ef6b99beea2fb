"""The .deb's life after its installation: installed again over itself, removed, purged, and nothing is left."""

from __future__ import annotations

import pytest

from .kiosk import BACK_S, STORE, Kiosk
from .workshop import TEST

pytestmark = [pytest.mark.device, pytest.mark.timeout(7200)]


@pytest.mark.slow
def test_an_upgrade_keeps_bundle_and_settings_and_the_service_runs_on(kiosk: Kiosk) -> None:
    kiosk.run("echo '# mine' >> /etc/fingerpost/fingerpost.conf")
    main, begin = kiosk.pid, kiosk.guest.now()
    kiosk.run(f"dpkg -i --force-confold {TEST}/*.deb", timeout=900)
    kiosk.ready(begin, within=BACK_S * 4)
    assert kiosk.pid != main and kiosk.version == "1.0.0"
    assert "# mine" in kiosk.run("cat /etc/fingerpost/fingerpost.conf").text
    assert kiosk.run("ls -d /opt/fingerpost*").text.split() == ["/opt/fingerpost"]


@pytest.mark.slow
def test_removed_it_stops_and_keeps_what_is_yours_purged_it_is_gone(kiosk: Kiosk) -> None:
    kiosk.run("dpkg --remove fingerpost", timeout=60)
    assert kiosk.run("systemctl is-active fingerpost", check=False).code != 0
    assert kiosk.run("test ! -e /opt/fingerpost -a ! -e /usr/bin/fingerpost").code == 0
    assert (
        kiosk.run(f"readlink {STORE}/active; ls /etc/fingerpost/keys/key.pub.pem /etc/fingerpost/fingerpost.conf").code
        == 0
    )
    for _again in range(2):  # the second time there is nothing left to do
        kiosk.run("dpkg --purge fingerpost", timeout=60)
    left = "find / -xdev -iname '*fingerpost*' -not -path '/srv/*' -not -path '/proc/*' -not -path '/sys/*'"
    assert kiosk.run(left).text.split() == []
    assert kiosk.run("systemctl --failed --no-legend --plain").text.strip() == ""
