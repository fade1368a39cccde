"""The machine and the package versions that a measurement belongs to."""

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = ("faiss-cpu", "matplotlib", "numkong", "numpy", "scikit-learn", "sqlalchemy", "tensorflow")

#: Processor features that decide how fast vectors are compared and images embedded.
_FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "sve")


def describe_machine() -> dict[str, Any]:
    """Return the processor, memory, threads and versions, as far as this system reports them."""
    return {
        "processor": _cpuinfo("model name") or platform.processor() or platform.machine(),
        "flags": [flag for flag in _FLAGS if flag in _cpuinfo("flags").split()],
        "all_flags": sorted(_cpuinfo("flags").split()),
        "cores": usable_cores(),
        "threads": usable_cores(),
        "load_before": _load(),
        # They choose the kernels of NumPy's and FAISS's products, which may be several times slower.
        "blas_settings": {name: value for name, value in sorted(os.environ.items()) if name.startswith("OPENBLAS_")},
        "memory_gib": _memory_gib(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name.removesuffix("-cpu"): _version(name) for name in ("lookalike", "opencv-python", *_PACKAGES)},
    }


def usable_cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _load() -> float | None:
    """Return the load average of the last minute: on a busy machine timings are worth less."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError):
        return None


def _cpuinfo(field: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == field), "")


def _version(name: str) -> str:
    # OpenCV without a graphical interface has another package name.
    for candidate in (name, f"{name}-headless"):
        try:
            return metadata.version(candidate)
        except metadata.PackageNotFoundError:
            continue
    return "not installed"
