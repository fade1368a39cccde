"""Tests of items that are no longer in their source."""
