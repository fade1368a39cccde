"""Tests of `storage/maintenance/`."""
