"""Tests of `storage/memory/`."""
