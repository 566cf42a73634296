"""What aether costs beside the shortest path that could do the same, measured in one run.

    python -m bench [P1 P3 …] [--quick]

Absolute figures drift with the machine, so each figure stands beside its peer's from the same run and
the ratio is what is read. Nothing here fails a build.
"""
