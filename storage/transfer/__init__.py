"""Move items between stores and other programs' files."""
