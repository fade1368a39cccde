"""Tests of `search/curation/`."""
