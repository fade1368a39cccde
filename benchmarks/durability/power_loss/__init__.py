"""Cut the power on a model of a disk, and judge the stores that it may leave."""
