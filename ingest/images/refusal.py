"""Why an image is not decoded, and the limit on its pixels."""


class NotDecodable(Exception):
    """An image will not be decoded; the message says what it is, as in "a PDF"."""


def require_pixels(width: int, height: int, limit: int) -> None:
    """Raise NotDecodable unless an image has 1 to `limit` pixels; to be called before memory is taken for them."""
    if width < 1 or height < 1:
        raise NotDecodable("an image without pixels")
    pixels = width * height
    if pixels > limit:
        raise NotDecodable(
            f"{width} x {height}, {pixels / 1e6:.1f} megapixels, above the limit of {limit / 1e6:g}: make it smaller"
        )
