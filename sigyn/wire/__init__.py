"""Bytes to model and back, without I/O: Loki push, OTLP, compression with bounds."""
