"""Why images are not decoded."""

from ingest.errors import UnreadableImage
from ingest.images.images import decode, decode_scaled
from tests.errors import error_message

#: How the error of each image that is not decoded begins.
DECODABLE = "expected an image (JPEG, PNG, GIF, WebP, HEIC, AVIF, BMP, TIFF, JPEG 2000, PNM or ICO), got"


def reason(data: bytes) -> str:
    """Return the end of the error of an image that is not decoded, after the formats and the name."""
    message = error_message(UnreadableImage, decode, data, "cats/1.png")
    assert message.startswith(f"{DECODABLE} cats/1.png: ")
    return message.removeprefix(f"{DECODABLE} cats/1.png: ")


def reason_or_size(data: bytes) -> str:
    """Return why an image is not decoded, or its width and height, as in "2 x 1"."""
    try:
        image = decode_scaled(data, "cats/1.png", None)
    except UnreadableImage:
        return reason(data)
    return f"{image.width} x {image.height}"
