from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from edge.errors import InputError
from edge.types import FloatArray, UInt8Array
from export.synthetic.dataset import Still, draw_still, find_landmarks, write_set
from export.synthetic.poses import LETTERS
from export.synthetic.words import TWENTY_SEEDS


def test_every_letter_comes_once_in_each_round_and_both_hands_come() -> None:
    stills = [draw_still(3, index) for index in range(24 * 10)]
    for start in range(0, 240, 24):
        assert sorted(still.letter for still in stills[start : start + 24]) == sorted(LETTERS)
    assert all(still.other is None for still in stills)
    hands = Counter(still.style.hand for still in stills)
    assert min(hands.values()) > 80
    assert len({still.view.shape_seed for still in stills}) == 240


def test_a_still_depends_on_nothing_but_seed_and_index() -> None:
    assert draw_still(3, 17) == draw_still(3, 17)
    assert draw_still(3, 17) != draw_still(4, 17)
    assert draw_still(3, 17).view == draw_still(3, 17, between=1.0).view


def test_the_share_between_letters_is_what_was_asked_for() -> None:
    between = [still for still in (draw_still(1, i, between=0.25) for i in range(480)) if still.other is not None]
    assert 80 < len(between) < 160
    assert all(still.other != still.letter and 1 / 3 <= still.share <= 2 / 3 for still in between)


def test_training_pictures_share_no_style_with_the_test_words() -> None:
    assert not {draw_still(seed, i).style.seed for seed in (11, 12) for i in range(768)} & set(TWENTY_SEEDS)


@pytest.mark.usefixtures("mesh")
def test_a_set_holds_what_was_found_and_names_what_was_missed(tmp_path: Path) -> None:
    stills = [draw_still(5, index, between=0.5) for index in range(3)]
    seen: list[tuple[int, ...]] = []

    def finder(image: UInt8Array) -> FloatArray | None:
        seen.append(image.shape)
        return None if len(seen) == 2 else np.full((21, 3), len(seen), np.float32)

    data = find_landmarks(stills, finder)
    path = tmp_path / "set.npz"
    write_set(path, data, made_by="a test")
    with np.load(path, allow_pickle=False) as read:
        assert str(read["made_by"]) == "a test"
        assert read["landmarks"].shape == (2, 21, 3)
        assert read["landmarks"].dtype == np.float32
        np.testing.assert_array_equal(read["landmarks"][:, 0, 0], [1, 3])
        assert read["missed"].tolist() == [1]
        assert read["index"].tolist() == [0, 2]
        expected = [("" if s.other else s.letter, s.style.hand) for s in (stills[0], stills[2])]
        assert list(zip(read["labels"].tolist(), read["hand"].tolist(), strict=True)) == expected
        aspects = [stills[i].view.camera.width / stills[i].view.camera.height for i in (0, 2)]
        np.testing.assert_allclose(read["aspect"], aspects)
        frame = stills[2].render()
        height, width = frame.image.shape[:2]
        np.testing.assert_allclose(read["joints"][1], frame.joints / [width, height], atol=1e-5)


def test_a_set_for_no_folder_is_refused(tmp_path: Path) -> None:
    nothing: list[Still] = []
    data = find_landmarks(nothing, lambda image: None)
    assert data.landmarks.shape == (0, 21, 3)
    with pytest.raises(InputError, match="no such folder"):
        write_set(tmp_path / "absent" / "set.npz", data, made_by="a test")
