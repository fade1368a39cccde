"""Files that cannot be decoded, but are common enough to be named in a message."""

#: Suffixes of image formats that cannot be decoded.
SUFFIXES = frozenset({"avif", "heic", "heif", "jxl"})

_SIGNATURES = (
    (b"%PDF", "a PDF"),
    (b"\x76\x2f\x31\x01", "an OpenEXR image, whose values have no defined white"),
    (b"#?R", "a Radiance HDR image, whose values have no defined white"),
    (b"PF\n", "a PFM image, whose values have no defined white"),
    (b"Pf\n", "a PFM image, whose values have no defined white"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL image"),
    (b"8BPS", "a Photoshop document"),
)
_TEXTS = (
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML document"),
)
_BRANDS = {b"avif": "an AVIF image", b"avis": "an AVIF image"} | dict.fromkeys(
    (b"heic", b"heix", b"hevc", b"mif1", b"msf1"), "a HEIC image"
)


def describe(data: bytes) -> str:
    """Return what a file is by its first bytes, as in "a PDF"."""
    if not data:
        return "an empty file"
    if data[4:8] == b"ftyp" and data[8:12] in _BRANDS:
        return _BRANDS[data[8:12]]
    text = data[:256].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    for start, name in _TEXTS:
        if text.startswith(start):
            return name
    return "another kind of file"
