"""Pixels to vectors: recipe, network and head."""
