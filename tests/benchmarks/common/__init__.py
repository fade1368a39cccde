"""Tests of `benchmarks/common/`."""
