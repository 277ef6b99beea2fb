"""What others would run instead, measured in the same run: all that needs their packages stands here.

========================= ============================================== ==============================================
peer                      what it is                                     where it is measured
========================= ============================================== ==============================================
``torch``                 the network as it was trained, eager float32   the classifier suite
``torch-dynamic``         `quantize_dynamic` on Linear, LSTM, GRU         the classifier suite
``tflite``                the original file on LiteRT with XNNPACK       the networks suite (landmark networks)
``naive``                 MediaPipe and PyTorch in one plain loop        pipeline, startup, memory, energy
``torch-fp16``, ...       what else runs a network on a GPU              the GPU suite (`benchmarks.peers.gpu_sides`)
``mediapipe``             its hand and face pipelines                    the landmarks suite, always
========================= ============================================== ==============================================

Classifiers have no TFLite file: nobody converts these networks, so none is measured.
"""

from benchmarks.peers.pytorch import NAMES, TorchEngine, open_peers, origin_module, quantize_linear

__all__ = ["NAMES", "TorchEngine", "open_peers", "origin_module", "quantize_linear"]
