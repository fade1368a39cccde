"""The same vectors and queries through what a user would pick instead."""
