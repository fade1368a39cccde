"""Cut the power on a model of a disk."""
