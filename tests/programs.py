"""Programs in a process of their own, for what only a new process shows."""

import subprocess
import sys


def printed_by(program: str) -> str:
    """Return what a Python program prints that ends well."""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
