"""Tests of `search/figures/`."""
