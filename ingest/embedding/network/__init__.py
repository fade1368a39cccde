"""VGG16 and its weights, behind the protocol of a backbone."""
