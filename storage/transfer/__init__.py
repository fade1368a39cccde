"""Items on their way to other places and other tools."""
