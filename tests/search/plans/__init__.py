"""Tests of plans: their files, what is done by them, and taking it back."""
