"""A rendered hand that finger-spells: pictures of which no third party owns anything.

Workflow::

    mesh (CC0, fetched when run) -> kinematics (joint angles -> skin) -> poses (a letter's angles)
    -> camera -> render -> words (a word as a film), stills (one picture) -> dataset (landmarks to train on)

`python -m export.synthetic --help` says what it makes. Pictures from here prove the path from pixels to captions and
enrich training; accuracy is only ever claimed on recordings of real people. J and Z are movements and are not drawn.

Conventions: a right hand; hand frame in metres with X towards the thumb, Y towards the fingertips, Z out of the palm,
origin at the wrist. World: X to the right of the picture, Y up, Z towards the camera. Pictures are not mirrored.
"""
