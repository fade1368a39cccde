"""Kill writers with SIGKILL, and judge the stores that they leave."""
