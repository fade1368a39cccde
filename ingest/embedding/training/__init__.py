"""Train a head on labelled images: which ones, varied copies of them, their features, and the layer itself."""
