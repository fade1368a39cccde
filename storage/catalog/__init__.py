"""The catalog: the tables that everything else is derived from, and every SQL statement that reads or writes them."""
