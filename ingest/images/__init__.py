"""Encoded images to 8-bit RGB pixels."""
