"""Encoded images made by hand, byte by byte, so that every pixel is known without a decoder."""
