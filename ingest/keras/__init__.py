"""TensorFlow and Keras: the import, the cache, and downloads."""
