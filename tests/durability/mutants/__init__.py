"""Mutation testing: plant bugs into storage on purpose, and see that the checks catch each of them."""
