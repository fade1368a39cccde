"""The commands of `python -m search`, by what they are for."""
