"""What a writer and a judge load only when they need it, loaded by a process that forks thousands of them.

Arrow looks for pandas when it makes its first array: where pandas is installed, that took each child longer than its
work.
"""

import numpy.random  # noqa: F401
import pyarrow as pa
import pyarrow.compute

pa.array([0])
