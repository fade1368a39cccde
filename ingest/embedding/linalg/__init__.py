"""Linear algebra whose bits do not depend on batch or thread count."""
