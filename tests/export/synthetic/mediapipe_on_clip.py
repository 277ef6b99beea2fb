"""Run by the reference environment: ``mediapipe_on_clip.py CLIP OUT.npz`` writes MediaPipe's landmarks of every frame.

``landmarks`` float32 (frames, 21, 3), zeros where no hand was found. Video mode, one hand, default thresholds.
"""

import sys

import cv2
import mediapipe as mp
import numpy as np

capture = cv2.VideoCapture(sys.argv[1])
found = []
with mp.solutions.hands.Hands(static_image_mode=False, max_num_hands=1) as hands:
    while (got := capture.read())[0]:
        seen = hands.process(cv2.cvtColor(got[1], cv2.COLOR_BGR2RGB)).multi_hand_landmarks
        found.append([[p.x, p.y, p.z] for p in seen[0].landmark] if seen else np.zeros((21, 3)))
np.savez(sys.argv[2], landmarks=np.array(found, np.float32))
