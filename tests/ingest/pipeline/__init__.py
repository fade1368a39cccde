"""Tests of `ingest/pipeline/`."""
