"""Tests of `lookalike renew`: all vectors are made anew from the originals, and taken over at once."""
