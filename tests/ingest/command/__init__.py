"""Tests of `lookalike ingest`."""
