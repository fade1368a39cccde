"""Tests of `ingest/keras/`."""
