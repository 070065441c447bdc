"""The options that the pair owns."""

from xmodkit_saxs_sem.options.every import OPTIONS

__all__ = ["OPTIONS"]
