"""Tests of `storage/databases/`."""
