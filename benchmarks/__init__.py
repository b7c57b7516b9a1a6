"""The package and its peers on the same data: seconds, memory and compactness.

Run ``python -m benchmarks --help`` in the folder of the project, or one of the others:
``benchmarks.pictures`` (how good, how fast), ``.growth``, ``.interactive``, ``.large``,
``.cluster``, ``.window``, ``.stages``.

Words
-----
workload
    An input and what is asked of it: K, attempts, criteria; see `workloads`.
contender
    A way to do that with one library; see `contenders`.
best
    The lowest compactness known of an input, its record; see `best` and `methods`.
"""
