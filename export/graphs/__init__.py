"""Graphs for the device: PyTorch and TFLite to ONNX, quantisation, parity."""
