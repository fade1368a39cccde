"""Record what a writer does to its files, system call by system call."""
