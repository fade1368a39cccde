"""Make a writer's system calls fail, or its disk too small."""
