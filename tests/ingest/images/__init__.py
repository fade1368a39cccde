"""Tests of `ingest/images/`."""
