"""Train a head on labelled images: sample, augmentation, features, dense layer."""
