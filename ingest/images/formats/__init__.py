"""The image formats: each file reads the header of one and checks that the image is complete."""
