"""In which numbers VGG16 computes: 32-bit ones, or 16-bit ones where the processor multiplies them far faster."""

from pathlib import Path
from typing import Literal, get_args

from ingest.errors import UnknownPrecision
from storage import Embedding

#: What can be asked for.
Asked = Literal["auto", "float32", "bfloat16"]

#: What is computed in. Features leave the network as float32 in either.
Precision = Literal["float32", "bfloat16"]

ASKED: tuple[Asked, ...] = get_args(Asked)

#: Processors with one of these multiply bfloat16 in hardware; without, it is slower than float32.
_FLAGS = frozenset({"amx_bf16", "avx512_bf16"})

_CPUINFO = Path("/proc/cpuinfo")


def precision_named(text: str) -> Asked:
    """Return a precision by name; raise UnknownPrecision."""
    for known in ASKED:
        if text == known:
            return known
    raise UnknownPrecision(f"expected a precision ({', '.join(ASKED)}), got {text!r}")


def precision_of(embedding: Embedding) -> Asked:
    """Return the precision that a store's vectors were computed in, which its queries are computed in too."""
    return precision_named(str(embedding.spec.get("precision", "float32")))


def precision_of_processor() -> Precision:
    """Return the faster precision on this processor; float32 where the system does not tell what it can do."""
    try:
        lines = _CPUINFO.read_text().splitlines()
    except OSError:
        return "float32"
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), [])
    return "float32" if _FLAGS.isdisjoint(flags) else "bfloat16"
