"""Tests of `ingest/embedding/`."""
