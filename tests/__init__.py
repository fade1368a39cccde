"""The tests, a folder for each package."""

import atexit
import os
import shutil
import signal
import tempfile
import threading
from pathlib import Path

#: Bytes that must be free in memory for temporary folders; the tests take a few hundred MB at a time.
_ROOM = 2 * 2**30

# Threads that wait for work sleep at once, set before NumPy, FAISS or TensorFlow start any: by default they spin for a
# while, and where tests run side by side this takes most of the time. OpenBLAS reads a power of two of clock cycles.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")


def _keep_temporary_folders_in_memory() -> None:
    """Let temporary folders lie in memory where there is room: flushing files to a disk would take half of the time.

    Nothing is tested by them that needs a disk: power cuts happen on a model of one. TMPDIR names another folder.
    """
    memory = Path("/dev/shm")
    if "TMPDIR" in os.environ or not os.access(memory, os.W_OK) or shutil.disk_usage(memory).free < _ROOM:
        return
    folder, owner = tempfile.mkdtemp(prefix="lookalike-tests-", dir=memory), os.getpid()
    # Some tests give up their rights, and read below it.
    Path(folder).chmod(0o711)
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    # Those of pytest, where a failed test's are found afterwards.
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(memory)
    atexit.register(_remove, folder, owner)


def _remove(folder: str, owner: int) -> None:
    """Remove the folder at the end of the process that made it, not of one that it forked."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


_keep_temporary_folders_in_memory()

# A process in the background of a shell is started to ignore Ctrl-C, and so would be those that it starts.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN and threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)
