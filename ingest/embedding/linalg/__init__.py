"""Linear algebra in which a row's bits do not depend on batch size or thread count."""
