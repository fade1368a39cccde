"""Tests of `ingest/sources/`."""
