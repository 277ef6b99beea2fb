"""Pictures that static int8 measures its ranges on: rendered hands by default, the user's own where a folder is named.

They must look like what the camera will show, and must not be the golden inputs, which judge the result.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edge.bundle.manifest import InputContract
from edge.errors import UsageError
from edge.types import AnyArray, UInt8Array
from export.golden import around_hand

COUNT = 32
_SEED = 20260102


def calibration_inputs(contract: InputContract, folder: Path | None = None) -> dict[str, AnyArray]:
    """`COUNT` pictures in the contract's form: of ``folder`` (one folder per class) evenly, else rendered ones.

    Raises UsageError for a model that takes no pictures, InputError when the folder holds none, DependencyError when
    the rendered hand cannot be fetched.
    """
    if contract.image_size is None:
        raise UsageError("only picture models are calibrated", found="a model without image_size")
    height, width = contract.image_size
    if folder is None:
        pictures = [
            cv2.cvtColor(cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR), cv2.COLOR_BGR2RGB)
            for image in _rendered()
        ]
    else:
        from export.training.pictures import read_pictures

        found = read_pictures(folder, check=False)
        chosen = np.unique(np.linspace(0, len(found) - 1, COUNT).astype(int))
        pictures = [found.picture(int(i), (height, width)) for i in chosen]
    return {contract.tensors[0].name: np.stack(pictures)}


def _rendered() -> list[UInt8Array]:
    """Letters from many sides in many rooms, BGR: half of them whole, half cut out around the hand."""
    from export.synthetic.dataset import draw_still

    images: list[UInt8Array] = []
    for index in range(COUNT):
        frame = draw_still(_SEED, index).render()
        height, width = frame.image.shape[:2]
        joints = np.asarray(frame.joints / [width, height], np.float32)
        images.append(frame.image if index % 2 else around_hand(frame.image, joints))
    return images
