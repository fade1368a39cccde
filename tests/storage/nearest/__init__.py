"""Tests of `storage/nearest/`."""
