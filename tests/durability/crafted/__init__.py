"""Stores that someone has crafted who knows the format: refused, reported, or harmless, and never more."""
