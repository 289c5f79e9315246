"""Labels: what is forecast. They look forward; features look back; the two meet in `datasets`.

Every label carries the interval it looks at (`label_start`, `label_end`), and purge and embargo
read nothing else. Add a kind as a function in a file of its own and name it in `compute.py`.
"""

from trimtab.labels.schema import LabelBlock

__all__ = ["LabelBlock"]
