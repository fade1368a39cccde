"""Verify, repair, describe and publish a store."""
