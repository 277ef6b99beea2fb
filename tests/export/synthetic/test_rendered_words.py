from itertools import groupby, pairwise

import numpy as np
import pytest

from edge.errors import UsageError
from export.synthetic.camera import Camera
from export.synthetic.poses import LETTERS
from export.synthetic.stills import View
from export.synthetic.style import Style
from export.synthetic.words import TWENTY_SEEDS, TWENTY_WORDS, render_word, word_length

_SMALL = View(camera=Camera(width=160, height=120))


@pytest.fixture(scope="module")
def hello(mesh):
    return list(render_word("HELLO", fps=5, hold=0.4, view=_SMALL))


def test_letters_are_held_and_everything_else_has_no_label(hello) -> None:
    runs = [(label, len(list(run))) for label, run in groupby(frame.label for frame in hello)]
    entry, glide = round(0.45 * 5), 2
    expected = [("", entry)]
    for letter in "HELLO":
        expected += [(letter, 2), ("", glide)]
    assert runs == [*expected[:-1], ("", entry)]


def test_as_many_frames_as_foretold_at_the_frame_rate(hello) -> None:
    assert len(hello) == word_length("HELLO", fps=5, hold=0.4)
    np.testing.assert_allclose([frame.time for frame in hello], np.arange(len(hello)) / 5)


def test_the_hand_comes_from_below_and_leaves_there(hello) -> None:
    assert hello[0].joints[:, 1].max() > 120
    assert hello[-1].joints[:, 1].min() > 100
    assert all(frame.whole for frame in hello if frame.label)


def test_a_doubled_letter_slides_to_the_signers_right_without_opening(hello) -> None:
    second, first = [], []
    for label, run in groupby(hello, key=lambda frame: frame.label):
        frames = list(run)
        if label == "L":
            (second if first else first).extend(frames)
    between = hello[hello.index(first[-1]) + 1 : hello.index(second[0])]
    shift = np.mean([f.joints for f in second], axis=(0, 1)) - np.mean([f.joints for f in first], axis=(0, 1))
    assert shift[0] < -5  # the picture's left
    shapes = [f.joints - f.joints[0] for f in (first[-1], *between, second[0])]
    assert np.abs(np.diff(shapes, axis=0)).max() < 2


def test_successive_frames_are_close_and_their_noise_differs(hello) -> None:
    held = [frame for frame in hello if frame.label == "E"]
    steps = [np.abs(b.joints - a.joints).max() for a, b in pairwise(held)]
    assert 0 < max(steps) < 4
    assert (held[0].image != held[1].image).mean() > 0.2


def test_a_left_handed_style_signs_with_the_left(mesh) -> None:
    (right, left) = (next(render_word("L", fps=5, view=_SMALL, style=Style(hand=h))) for h in ("right", "left"))
    np.testing.assert_allclose(left.joints[:, 0], 160 - right.joints[:, 0])


@pytest.mark.parametrize("word", ["JAZZ", "", "hello", "HI THERE"])
def test_words_that_cannot_be_drawn_are_refused_in_one_line(word: str) -> None:
    with pytest.raises(UsageError) as caught:
        next(render_word(word))
    assert repr(word) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_twenty_words_cover_every_letter_and_doubles() -> None:
    assert len(TWENTY_WORDS) == len(set(TWENTY_WORDS)) == len(set(TWENTY_SEEDS)) == 20
    assert set("".join(TWENTY_WORDS)) == set(LETTERS)
    assert all(sum(letter in word for word in TWENTY_WORDS) >= 2 for letter in LETTERS)
    assert sum(a == b for word in TWENTY_WORDS for a, b in pairwise(word)) == 10
    styles = [Style.draw(seed) for seed in TWENTY_SEEDS]
    for name, least in (("tone", 4), ("light", 5), ("background", 5), ("gender", 2)):
        assert len({getattr(style, name) for style in styles}) == least
