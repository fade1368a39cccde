"""Imported before all else where processes are forked: OpenMP's threads do not survive that, and would only compete."""

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
