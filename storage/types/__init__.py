"""Values that go into a store and come out of it, and what may be asked of one."""
