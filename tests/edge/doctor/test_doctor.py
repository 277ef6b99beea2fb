from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from edge.cli import main
from edge.doctor.finding import judged
from edge.doctor.kiosk import bundle_findings, camera_findings, service_finding, starts_finding, trust_finding
from edge.doctor.machine import machine_findings, readings_findings
from edge.service.board import Board, fake_board
from edge.starts import LIMIT, Starts, write_starts


def by_name(findings):
    return {finding.what: finding for finding in findings}


def test_the_machine_is_described(tmp_path):
    found = by_name(machine_findings(fake_board(tmp_path, model="Raspberry Pi 4 Model B")))
    assert found["board"].text.startswith("Raspberry Pi 4 Model B")
    assert found["packages"].verdict == "ok" and "onnxruntime" in found["packages"].text
    assert {"system", "Python", "temperature", "power", "memory", "disk", "clock"} <= set(found)


def test_a_remedy_is_given_only_where_something_is_wrong():
    assert judged("x", "fine", bad=False, remedy="do this").remedy == ""
    assert judged("x", "bad", bad=True, remedy="do this").remedy == "do this"


@pytest.mark.parametrize(
    ("change", "what", "remedy"),
    [
        ({"temperature": 81.0}, "temperature", "heat sink"),
        ({"limits": ("low voltage",)}, "power", "power supply"),
        ({"past_limits": ("low voltage",)}, "power", "power supply"),
        ({"limits": ("throttled",)}, "power", "cool the board"),
        ({"memory_available": 10_000_000}, "memory", "more memory"),
        ({"disk_free": 10_000_000}, "disk", "remove old bundles"),
    ],
)
def test_what_the_board_suffers_has_a_remedy(tmp_path, change, what, remedy):
    well = fake_board(tmp_path).read()
    assert by_name(readings_findings(well))[what].verdict == "ok"
    ill = by_name(readings_findings(replace(well, **change)))[what]
    assert ill.verdict == "warn" and remedy in ill.remedy


def test_without_keys_trust_is_a_warning(tmp_path):
    finding = trust_finding(None, tmp_path)
    assert finding.verdict == "warn" and "no keys" in finding.text and "keygen" in finding.remedy


def test_a_file_that_is_no_key_is_a_failure(tmp_path):
    (tmp_path / "x.pem").write_text("nonsense")
    assert trust_finding("require", tmp_path).verdict == "fail"


def test_an_empty_store_says_what_to_do(tmp_path):
    (finding,) = bundle_findings(tmp_path)
    assert finding.verdict == "fail" and "edge install" in finding.remedy


def test_a_camera_is_measured(tmp_path):
    # The same picture again and again: making noise takes a busy machine longer than its frame.
    found = by_name(camera_findings("fake:freeze", tmp_path))
    assert found["camera rate"].verdict == "ok"
    assert "of 640x480" in found["camera rate"].text
    assert 15 < float(found["camera rate"].text.split()[0]) < 31


def test_a_camera_that_is_not_there_is_a_warning(tmp_path):
    found = by_name(camera_findings("fake:absent", tmp_path))
    assert found["camera rate"].verdict == "warn" and "there is no camera here" in found["camera rate"].text


def test_no_camera_at_all_is_a_warning(tmp_path):
    (finding,) = camera_findings(None, tmp_path)
    assert finding.verdict == "warn" and finding.text == "none"


def test_a_machine_without_the_service_is_no_failure():
    assert service_finding().verdict in ("ok", "warn")


def test_the_page_is_shown_and_its_failures_are_the_exit_code(tmp_path, capsys):
    code = main(["doctor", "--store", str(tmp_path), "--keys", str(tmp_path), "--no-camera"])
    shown = capsys.readouterr().out
    assert code == 9
    assert re.search(r"^fail +bundle +none is active", shown, re.MULTILINE)
    assert "-> install one: edge install FILE" in shown


def test_the_page_for_programs(tmp_path, capsys):
    code = main(["doctor", "--store", str(tmp_path), "--keys", str(tmp_path), "--no-camera", "--json"])
    page = json.loads(capsys.readouterr().out)
    assert code == 9 and page["failed"] == 1
    assert {"what", "verdict", "text", "remedy"} == set(page["findings"][0])


def test_the_real_board_can_be_doctored():
    assert all(finding.text for finding in machine_findings(Board()))


@pytest.mark.parametrize(("vain", "verdict"), [(0, "ok"), (1, "ok"), (2, "warn"), (LIMIT, "fail")])
def test_starts_in_vain_are_told_with_the_fault(tmp_path, vain, verdict):
    write_starts(tmp_path, Starts(vain=vain, fault="the network is damaged"))
    finding = starts_finding(tmp_path)
    assert finding.verdict == verdict
    assert ("the network is damaged" in finding.text) is (vain >= LIMIT)
