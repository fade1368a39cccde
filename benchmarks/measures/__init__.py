"""Each measurement by itself."""
