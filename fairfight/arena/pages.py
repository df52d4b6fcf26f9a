"""Large pages for what a process that forks holds in memory: a fork copies page tables, and these are then short."""

from __future__ import annotations

import ctypes
import re

_LARGE = 2 << 20
_MADV_COLLAPSE = 25
"""Linux 6.1 and later; elsewhere the call fails and memory stays as it is."""
_OWN = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) rw-p \S+ \S+ 0\s*(?:\[heap\])?$")


def collapse() -> int:
    """Put this process's private memory on large pages where the kernel can; gives how many it made.

    A sitting's process is forked from one with half a gigabyte of libraries: forking and ending it then costs a third.
    """
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    made = 0
    try:
        with open("/proc/self/maps") as maps:
            regions = [found.groups() for line in maps if (found := _OWN.match(line.rstrip()))]
    except OSError:
        return 0
    for low, high in regions:
        first, last = -(-int(low, 16) // _LARGE) * _LARGE, int(high, 16) // _LARGE * _LARGE
        made += sum(madvise(start, _LARGE, _MADV_COLLAPSE) == 0 for start in range(first, last, _LARGE))
    return made
