"""Tests of `storage/columns/`."""
