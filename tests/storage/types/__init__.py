"""Tests of `storage/types/`."""
