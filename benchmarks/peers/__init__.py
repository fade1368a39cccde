"""Measure Lookalike beside other vector stores and libraries, its peers, with the same vectors and queries."""
