"""The precision that VGG16 computes in: float32, or bfloat16 where the processor multiplies it far faster."""

from pathlib import Path
from typing import Literal, get_args

from ingest.errors import UnknownPrecision
from storage import Embedding

#: What the network computes in. Its features are float32 in either case.
Precision = Literal["float32", "bfloat16"]

#: What a caller may choose.
PrecisionOption = Literal["auto", "float32", "bfloat16"]

PRECISION_OPTIONS: tuple[PrecisionOption, ...] = get_args(PrecisionOption)

#: Processors with one of these flags multiply bfloat16 in hardware; on others it is slower than float32.
_BFLOAT16_FLAGS = frozenset({"amx_bf16", "avx512_bf16"})


def parse_precision(text: str) -> PrecisionOption:
    """Return the option of this name; raise UnknownPrecision."""
    for option in PRECISION_OPTIONS:
        if text == option:
            return option
    raise UnknownPrecision(f"expected a precision ({', '.join(PRECISION_OPTIONS)}), got {text!r}")


def stored_precision(embedding: Embedding) -> PrecisionOption:
    """Return the precision that a store's vectors were computed in; its queries use the same."""
    return parse_precision(str(embedding.spec.get("precision", "float32")))


def fastest_cpu_precision(cpuinfo: Path = Path("/proc/cpuinfo")) -> Precision:
    """Return the faster precision on this processor; float32 where the system does not list the processor's flags."""
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:
        return "float32"
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), [])
    return "float32" if _BFLOAT16_FLAGS.isdisjoint(flags) else "bfloat16"
