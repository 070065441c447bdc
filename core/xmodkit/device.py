"""Choose the device, strictly: ONNX Runtime falls back to the CPU without saying so."""

from __future__ import annotations

import ctypes
import re
import sys
from typing import TYPE_CHECKING, Any

from xmodkit.errors import DeviceError, UsageError

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["available_devices", "open_session"]

_CUDA = "CUDAExecutionProvider"
_CPU = "CPUExecutionProvider"


def open_session(
    data: bytes, device: str = "auto", threads: int | None = None
) -> tuple[onnxruntime.InferenceSession, str]:
    """Return a session over a serialised model and the device that really runs it.

    `device` is `auto`, `cpu`, `cuda` or `cuda:i`. Raise `DeviceError` if CUDA was asked for and
    something else loaded, `UsageError` if the name means nothing.
    """
    wanted, index = _parse(device)
    if wanted == "auto":
        if not _cuda_possible():
            return _open(data, [_CPU], threads), "cpu"
        session = _open(data, [(_CUDA, {"device_id": index}), _CPU], threads)
        return session, _loaded(session, index)
    if wanted == "cpu":
        return _open(data, [_CPU], threads), "cpu"
    if not _cuda_possible():
        raise DeviceError(
            f"--device {device}: no usable NVIDIA driver with onnxruntime-gpu here; "
            "install both, or use --device cpu"
        )
    session = _open(data, [(_CUDA, {"device_id": index})], threads)
    if (loaded := _loaded(session, index)) == "cpu":
        raise DeviceError(
            f"--device {device}: ONNX Runtime loaded {loaded} instead; check that its CUDA and "
            "cuDNN libraries are installed (onnxruntime-gpu[cuda,cudnn]), or use --device cpu"
        )
    return session, loaded


def available_devices() -> tuple[str, ...]:
    """Return the devices worth trying here; `cpu` always comes first."""
    return ("cpu", "cuda") if _cuda_possible() else ("cpu",)


def _parse(device: str) -> tuple[str, int]:
    match = re.fullmatch(r"(auto|cpu|cuda)(?::(\d+))?", device)
    if match is None or (match[2] and match[1] != "cuda"):
        raise UsageError(f"--device {device!r}: expected auto, cpu, cuda or cuda:0")
    return match[1], int(match[2] or 0)


def _cuda_possible() -> bool:
    """Say whether a CUDA driver is there; without one, asking for CUDA prints errors."""
    import onnxruntime

    if _CUDA not in onnxruntime.get_available_providers():
        return False
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def _open(data: bytes, providers: list[Any], threads: int | None) -> onnxruntime.InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # Idle threads that spin take the cores from reading files, and from whoever embeds this.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if threads is not None:
        options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(data, options, providers=providers)


def _loaded(session: onnxruntime.InferenceSession, index: int) -> str:
    return f"cuda:{index}" if session.get_providers()[0] == _CUDA else "cpu"
