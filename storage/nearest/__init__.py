"""Exact nearest neighbours in memory: an index returns candidates in float32, float64 ranks them."""
