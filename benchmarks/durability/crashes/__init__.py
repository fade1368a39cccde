"""Kill writers with SIGKILL, and look at what they leave."""
