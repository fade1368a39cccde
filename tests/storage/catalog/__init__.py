"""Tests of `storage/catalog/`."""
