"""Tests that break stores in every way that a machine can."""
