"""Read inputs in threads ahead of whoever consumes them, in order and within a memory budget."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

__all__ = ["ReadAhead"]

# How long leaving waits for a thread stuck in a read; it is a daemon and dies with the process.
_PATIENCE_S = 2.0

T = TypeVar("T")
Item = TypeVar("Item")


class ReadAhead(Generic[T, Item]):
    """Iterate over `read(input)` for every input, in order, while threads run ahead.

    Threads take inputs in order, so the input being consumed always has a thread of its own, and
    it alone may exceed the budget: nothing can deadlock. An exception in `read` is raised in the
    consumer when its turn comes. Use as a context manager; leaving it stops the threads.
    """

    def __init__(
        self,
        inputs: Sequence[T],
        read: Callable[[T], Iterator[Item]],
        size: Callable[[Item], int],
        threads: int = 2,
        budget: int = 256 << 20,
    ) -> None:
        self._inputs = inputs
        self._read = read
        self._size = size
        self._budget = budget
        self._changed = threading.Condition()
        self._buffers: dict[int, deque[tuple[Item, int]]] = {}
        self._ended: dict[int, BaseException | None] = {}
        self._held = 0
        self._next = 0  # the next input that no thread has taken
        self._head = 0  # the input being consumed
        self._stopped = False
        self._threads = [
            threading.Thread(target=self._work, name=f"xmodkit-read-{i}", daemon=True)
            for i in range(max(1, min(threads, len(inputs))))
        ]

    def __enter__(self) -> ReadAhead[T, Item]:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(_PATIENCE_S)

    def __iter__(self) -> Iterator[Item]:
        for index in range(len(self._inputs)):
            yield from self._consume(index)

    def _consume(self, index: int) -> Iterator[Item]:
        with self._changed:
            self._head = index
            self._changed.notify_all()
        while (item := self._take(index)) is not None:
            yield from item

    def _take(self, index: int) -> list[Item] | None:
        """Return all that is buffered of an input, waiting for some; None at its end."""
        with self._changed:
            while not self._buffers.get(index) and index not in self._ended:
                self._changed.wait(0.5)  # a timeout lets Ctrl-C through on every platform
            taken = self._buffers.pop(index, None)
            if not taken:
                error = self._ended.pop(index)
                if error is not None:
                    raise error
                return None
            self._held -= sum(size for _, size in taken)
            self._changed.notify_all()
            return [item for item, _ in taken]

    def _work(self) -> None:
        while (index := self._claim()) is not None:
            error: BaseException | None = None
            try:
                for item in self._read(self._inputs[index]):
                    if not self._put(index, item):
                        return
            except BaseException as caught:  # handed to the consumer, which raises it
                error = caught
            with self._changed:
                self._ended[index] = error
                self._changed.notify_all()

    def _claim(self) -> int | None:
        with self._changed:
            # Do not start another input while the budget is spent.
            while not self._stopped and self._held > self._budget and self._next > self._head:
                self._changed.wait()
            if self._stopped or self._next >= len(self._inputs):
                return None
            self._next += 1
            return self._next - 1

    def _put(self, index: int, item: Item) -> bool:
        size = self._size(item)
        with self._changed:
            while (
                not self._stopped
                and self._held
                and self._held + size > self._budget
                and (index != self._head or self._buffers.get(index))
            ):
                self._changed.wait()
            if self._stopped:
                return False
            self._buffers.setdefault(index, deque()).append((item, size))
            self._held += size
            self._changed.notify_all()
            return True
