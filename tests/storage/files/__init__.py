"""Tests of `storage/files/`."""
