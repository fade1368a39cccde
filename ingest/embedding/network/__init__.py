"""VGG16 and its weights, behind the protocol `Backbone`."""
