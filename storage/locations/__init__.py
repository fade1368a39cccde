"""Where a store is: in a folder or on a database server, and how it is created and opened there."""
