import numpy as np

from edge.holistic import face_of_rows, hands_of_rows, holistic_rows

HANDS = np.stack([np.full((21, 3), 1), np.full((21, 3), 2)]).astype(np.float32)
FACE = np.full((468, 3), 3, np.float32)


def test_rows_keep_their_order_and_the_pose_stays_missing():
    assert np.isnan(holistic_rows(np.zeros((2, 21, 3), np.float32), (0, 0), None)).all()
    rows = holistic_rows(HANDS, (0.9, 0.9), FACE)
    assert (rows[:468] == 3).all()
    assert (rows[468:489] == 1).all()
    assert np.isnan(rows[489:522]).all()
    assert (rows[522:] == 2).all()


def test_what_went_into_rows_comes_out_of_them():
    rows = np.stack([holistic_rows(HANDS, (1, 1), FACE), holistic_rows(HANDS, (0, 1), None)])
    hands = hands_of_rows(rows)
    assert hands.dtype == np.float32 and (hands[0] == HANDS).all()
    assert not hands[1, 0].any() and (hands[1, 1] == 2).all()
    assert (face_of_rows(rows[0]) == FACE).all()
    assert face_of_rows(rows[1]) is None


def test_a_hand_or_face_that_is_not_whole_is_missing():
    rows = holistic_rows(HANDS, (1, 1), FACE)
    rows[470, 2] = rows[3, 0] = np.nan
    assert not hands_of_rows(rows[None])[0, 0].any()
    assert face_of_rows(rows) is None
