"""A T5 model on its way into a bundle: read, convert, quantise, compare.

`export.sentence.reading` reads a local ``T5ForConditionalGeneration`` folder, `network` is the model, `graphs` writes
encoder and decoder as ONNX, `building` makes the variants and compares them with PyTorch.
"""
