"""Tests of `storage/locations/`."""
