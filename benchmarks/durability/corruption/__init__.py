"""Damage the files of a store."""
