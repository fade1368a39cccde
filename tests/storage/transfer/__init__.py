"""Tests of `storage/transfer/`."""
