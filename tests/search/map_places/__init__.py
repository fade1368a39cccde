"""Tests of `search/map_places/`."""
