"""The tests, a folder for each storey."""
