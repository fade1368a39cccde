"""The rows, which are the truth: their tables, and every statement that reads or writes them."""
