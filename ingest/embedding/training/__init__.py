"""Fit or train a head on labelled images: sample, augmentation, features, ridge regression, dense layer."""
