"""One word for each type of array, here and nowhere else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
Bits = NDArray[np.uint8]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Halves = NDArray[np.float16]
Singles = NDArray[np.float32]
Floats = NDArray[np.float64]
