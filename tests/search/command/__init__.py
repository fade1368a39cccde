"""Tests of `python -m search`."""
