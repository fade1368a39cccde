"""The rows of a store as columns in memory (Arrow): their file, and filters over them."""
