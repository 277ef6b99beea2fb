"""Latency and accuracy retention of a bundle's variants, measured on the machine at hand."""
