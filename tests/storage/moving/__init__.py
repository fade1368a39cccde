"""Tests of `storage/moving/`."""
