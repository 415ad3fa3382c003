"""The benchmark lies beside the package, not in it."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

sys.path.append(str(ROOT))
