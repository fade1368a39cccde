"""Tests of `benchmarks/measures/`."""
