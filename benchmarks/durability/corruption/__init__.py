"""Corrupt the files of a store, and look for wrong answers."""
