"""Tests of `benchmarks/parts/`."""
