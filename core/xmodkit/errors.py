"""Errors of xmodkit: one base, few leaves that are also the builtin they mean.

Every message says what was given, what was expected and what to do. The command line prints it
on one line; embedding code may catch `XmodError` or the builtin.
"""

__all__ = [
    "DataError",
    "DeviceError",
    "InputError",
    "MissingExtraError",
    "ModelFileError",
    "PluginError",
    "StoreError",
    "UsageError",
    "XmodError",
]


class XmodError(Exception):
    """Base of every error that xmodkit raises on purpose."""


class UsageError(XmodError, ValueError):
    """An option or argument that cannot mean anything: exit code 2."""


class InputError(XmodError, ValueError):
    """An input file that cannot be read or must be refused."""


class DataError(XmodError, ValueError):
    """An array that does not fit its field: dtype, shape, range or not finite."""


class ModelFileError(XmodError, ValueError):
    """A model file that is damaged, changed, or not one of ours."""


class StoreError(XmodError, OSError):
    """A store that cannot be opened, locked or written."""


class PluginError(XmodError, LookupError):
    """A plugin that is absent, broken or made for another version of the hooks."""


class DeviceError(XmodError, RuntimeError):
    """A device that was asked for and did not load."""


class MissingExtraError(XmodError, ImportError):
    """A library of an optional extra that is not installed."""

    def __init__(self, what: str, library: str, extra: str) -> None:
        super().__init__(
            f"{what} needs {library}, which is not installed: pip install 'xmodkit[{extra}]'"
        )
