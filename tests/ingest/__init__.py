"""Tests of the storey `ingest`."""
