"""Tests of the storey `benchmarks`."""
