from benchmarks import fingerprint
from benchmarks.landmarks_agreement import Agreement
from benchmarks.landmarks_letters import Letters
from benchmarks.landmarks_report import print_landmarks, rows
from benchmarks.landmarks_results import Cost, LandmarkResult
from edge.statistics import Interval

CLOSE = Agreement(mean=0.002, median=0.001, p95=0.008, depth=0.001, hands=50, missed=0, extra=0, twice=1, sides=0)


def result(letters=None):
    return LandmarkResult(
        networks="a [test] bundle",
        machine=fingerprint.take(),
        costs={"one hand": Cost("CPU ms a frame", {"mediapipe": 20.0, "fp32": 10.0, "int8": 6.0})},
        agreements={"real pictures": {"fp32": CLOSE, "int8": CLOSE}},
        faces={"portrait": {"fp32": CLOSE}},
        jitters={"held still": {"mediapipe": 0.002, "fp32": 0.002, "int8": 0.003}},
        letters=letters,
    )


def test_rows_hold_figures_ratios_and_targets():
    found = {row.case: row for row in rows(result())}
    hand = found["difference, real pictures, % of hand size: mean / p95"]
    assert (hand.n, hand.cells["fp32"]) == ("50, 1 twice", "0.200 / 0.80")
    assert "0.3 / 1" in hand.target
    cost = found["one hand, CPU ms a frame"]
    assert cost.cells == {"mediapipe": "20.00", "fp32": "10.00 (0.50x)", "int8": "6.00 (0.30x)"}
    assert "0.35" in cost.target
    assert found["jitter, held still, % of hand size"].cells["int8"] == "0.30"
    assert "int8" not in found["difference, portrait, % of face height: mean / p95"].cells


def test_letters_show_the_difference_with_its_interval():
    letters = Letters(200, {"fp32": 0.9, "int8": 0.895}, Interval(-0.005, -0.02, 0.01))
    row = next(row for row in rows(result(letters)) if row.case.startswith("letters"))
    assert (row.n, row.cells) == ("200", {"fp32": "90.0", "int8": "89.5 (-0.5 [-2.0, +1.0])"})


def test_markdown_is_one_table_of_unbroken_lines(capsys):
    print_landmarks(result(Letters(200, {"fp32": 0.9, "int8": 0.9}, Interval(0, -0.01, 0.01))), markdown=True)
    lines = [text for text in capsys.readouterr().out.splitlines() if text.strip()]
    assert all(text.startswith("|") and text.rstrip().endswith("|") for text in lines)
    assert {text.count("|") for text in lines} == {7}
    assert len(lines) == 2 + 5
    assert "[-1.0, +1.0]" in "".join(lines)


def test_the_full_report_names_machine_and_networks(capsys):
    print_landmarks(result())
    shown = capsys.readouterr().out
    assert "a [test] bundle" in shown
    assert "Machine:" in shown
    assert "twice" in shown
