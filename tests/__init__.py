"""The tests, a folder for each package."""

import os

# Threads that wait for work sleep at once, set before NumPy, FAISS or TensorFlow start any: by default they spin for a
# while, and where tests run side by side this takes most of the time. OpenBLAS reads a power of two of clock cycles.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
