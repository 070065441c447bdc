"""Keep large buffers in the process: without it every training step pays for page faults."""

from __future__ import annotations

import ctypes
import sys

__all__ = ["keep_large_buffers"]

# glibc's malloc.h
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LIMIT = 1 << 30


def keep_large_buffers() -> bool:
    """Tell glibc to reuse freed memory of any size; say whether it agreed (Linux only)."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "mallopt"):
        return False  # another C library
    settings = ((_M_MMAP_THRESHOLD, _LIMIT), (_M_TRIM_THRESHOLD, _LIMIT))
    return all(libc.mallopt(name, value) == 1 for name, value in settings)
