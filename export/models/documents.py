"""What the five seed documents report of their networks, on their own data: facts to stand beside our figures.

None of it can be checked here, and most of it comes from splits that leave the same signers, or frames of the same
film, on both sides.
"""

from __future__ import annotations

from collections.abc import Mapping

_ALPHABET = "on ASL Alphabet"
_KAGGLE = "on 250 signs, own test part of Kaggle's set"

REPORTED: Mapping[str, str] = {
    "cnn-bilstm-attention": "0.646 validation accuracy, stratified random split of 7,700 sequences",
    "keras-cnn-plain": f"0.783 validation accuracy {_ALPHABET} after the 6 epochs shown",
    "keras-cnn-pooled": f"0.835 validation accuracy {_ALPHABET}, best of the 5 epochs shown",
    "keras-cnn-spatial-dropout": f"0.735 validation accuracy {_ALPHABET}, best of the 5 epochs shown",
    "keras-cnn-double": f"0.850 validation accuracy {_ALPHABET}, best of the 5 epochs shown",
    "signs-cnn": f"0.772 accuracy {_KAGGLE}",
    "signs-transformer": f"0.717 accuracy {_KAGGLE}",
    "signs-cnn-bigru": f"0.656 accuracy {_KAGGLE}",
    "signs-cnn-bilstm": f"0.641 accuracy {_KAGGLE}",
    "signs-cnn-transformer": f"0.784 accuracy {_KAGGLE}",
    "signs-cnn-linformer": f"0.705 accuracy {_KAGGLE}",
    "dexnet": f"0.993 validation accuracy {_ALPHABET}, random split",
    "dexnet-v2": f"0.991 validation accuracy {_ALPHABET}, random split",
}
"""By the family's name in the registry; a family without an entry has no figure in its document, or no document."""
