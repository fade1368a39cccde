"""What a request may ask for, and what the service spends on all of them together."""

from dataclasses import dataclass

#: The most bytes of an image's body, and of a JSON one, which holds 32 vectors of 4,096 dimensions.
MAX_IMAGE_BYTES = 20_000_000
MAX_JSON_BYTES = 4_000_000

#: The most bytes of an original file.
MAX_ORIGINAL_BYTES = 64_000_000

#: The largest id of an item.
MAX_ID = 2**63 - 1

#: The most neighbours of a search by k, and items of a page.
MAX_K = 1_000

#: Items of a page unless its request says how many.
DEFAULT_PAGE = 100

#: The most hits within a radius.
MAX_RADIUS_HITS = 10_000

#: The most searches in one request, and examples in one search.
MAX_BATCH = 32
MAX_EXAMPLES = 1_000

#: The most characters of a URL's path and query together.
MAX_URL = 8_192

#: The most bytes of a request's header fields, and of all of it but its body: 20 MB in chunks of 2 KB have fewer.
MAX_HEADER_BYTES = 16_384
MAX_FRAMING_BYTES = 131_072

#: The shortest API key, in characters.
MIN_KEY_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits on time, in seconds, and on what is in progress at once; a service's defaults."""

    #: A request is answered within this time, or refused; a body has to arrive within it too.
    seconds: float = 10.0
    #: Requests that wait for a thread; one more is refused at once.
    waiting: int = 64
    #: Connections, open or waiting to be.
    connections: int = 256
    #: Bytes of all bodies that are in memory.
    body_bytes: int = 8 * MAX_IMAGE_BYTES
    #: Bytes of all pictures that are decoded and wait for the network.
    picture_bytes: int = 2**29
    #: Searches by picture that are in a thread at once, and so may share a batch of the network.
    pictures: int = 16
    #: Bytes of all original files that are in memory.
    original_bytes: int = 4 * MAX_ORIGINAL_BYTES
