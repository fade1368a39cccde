"""Tests of the storey `search`."""
