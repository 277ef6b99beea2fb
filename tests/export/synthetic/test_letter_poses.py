import numpy as np
import pytest

from export.synthetic.kinematics import joints_and_skin
from export.synthetic.mesh import GENDERS, Gender, HandMesh, hand_mesh
from export.synthetic.poses import LETTERS, SHAPES, Reach, letter_pose

_UP = {
    "A": "", "B": "IMRL", "D": "I", "E": "", "F": "MRL", "I": "L", "K": "IM", "L": "I", "M": "", "N": "", "R": "IM",
    "S": "", "T": "", "U": "IM", "V": "IM", "W": "IMR", "Y": "L", "G": "I", "H": "IM", "P": "IM", "X": "",
}  # fmt: skip
"""Which of index, middle, ring and little finger are stretched. C, O, Q are neither; they are looked at below."""


def _joints(letter: str, gender: Gender = "male") -> np.ndarray:
    return joints_and_skin(hand_mesh(gender), letter_pose(letter, gender))[0]


def test_all_letters_but_the_two_movements() -> None:
    assert sorted(LETTERS) == sorted(SHAPES) == sorted(set("ABCDEFGHIJKLMNOPQRSTUVWXYZ") - set("JZ"))
    with pytest.raises(KeyError):
        letter_pose("J")


@pytest.mark.usefixtures("mesh")
@pytest.mark.parametrize("letter", sorted(_UP))
def test_the_right_fingers_are_stretched(letter: str) -> None:
    joints = _joints(letter)
    for k, name in enumerate("IMRL"):
        finger = joints[5 + 4 * k : 9 + 4 * k]
        reach = np.linalg.norm(finger[3] - finger[0]) / np.linalg.norm(np.diff(finger, axis=0), axis=1).sum()
        assert (reach > 0.95) == (name in _UP[letter]), (name, reach)


@pytest.mark.usefixtures("mesh")
@pytest.mark.parametrize("gender", GENDERS)
@pytest.mark.parametrize("letter", [x for x in LETTERS if isinstance(SHAPES[x].thumb, Reach)])
def test_the_thumb_comes_to_where_it_belongs(letter: str, gender: Gender) -> None:
    reach = SHAPES[letter].thumb
    assert isinstance(reach, Reach)
    joints = _joints(letter, gender)
    target = joints[1 + 4 * reach.finger + reach.joint] + np.array(reach.offset) / 1000
    assert np.linalg.norm(joints[4] - target) < 0.010


@pytest.mark.usefixtures("mesh")
def test_how_look_alikes_differ() -> None:
    # V is spread, U is not, R is crossed.
    gap = {x: _joints(x)[8, 0] - _joints(x)[12, 0] for x in "UVR"}
    assert gap["V"] > gap["U"] + 0.02
    assert gap["U"] > 0 > gap["R"]
    # O is closed, C is open.
    opening = {x: np.linalg.norm(_joints(x)[4] - _joints(x)[8]) for x in "CO"}
    assert opening["O"] < 0.02
    assert opening["C"] > 0.04
    # The thumb's tip lies ever further across: T between index and middle, N past middle, M past ring.
    across = [_joints(x)[4, 0] for x in "ATNM"]
    assert across == sorted(across, reverse=True)
    # Fingers hung over the thumb stand higher above their knuckles than in a fist.
    rise = {x: _joints(x)[[6, 10, 14], 1] - _joints(x)[[5, 9, 13], 1] for x in "MNS"}
    assert (rise["M"] > 0.015).all()
    assert ((rise["N"] > 0.015) == [True, True, False]).all()
    assert (rise["S"] < 0.010).all()


@pytest.mark.usefixtures("mesh")
@pytest.mark.parametrize(("letter", "direction"), [("G", (1, 0)), ("H", (1, 0)), ("P", (1, 0)), ("D", (0, 1))])
def test_the_index_points_where_it_should(letter: str, direction: tuple[int, int]) -> None:
    pose, joints = letter_pose(letter), _joints(letter)
    pointing = pose.facing @ (joints[8] - joints[5])
    cosine = pointing[:2] @ direction / np.linalg.norm(pointing)
    assert cosine > 0.85


@pytest.mark.usefixtures("mesh")
def test_q_points_down(mesh: HandMesh) -> None:
    pose, joints = letter_pose("Q"), _joints("Q")
    for base, tip in ((5, 8), (2, 4)):
        assert (pose.facing @ (joints[tip] - joints[base]))[1] < -0.02
