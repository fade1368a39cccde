"""Describe, verify, repair and publish a store."""
