"""Places of items on a map: t-SNE of few and of many, and those that were computed before."""
