"""Refuse system calls and space to a writer."""
