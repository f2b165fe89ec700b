"""Where lines go: to stdout at once, or, while a server runs, through a queue.

A thread empties the queue, so that a slow reader of stdout delays no request. The queue is bounded:
what finds it full is dropped and counted, and the count is a line of its own once there is room.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from threading import Lock, Thread, current_thread

import structlog

MAX_LINES_A_WRITE = 256
CLOSE_SECONDS = 5
GATHER_SECONDS = 0.01

_now = Lock()
_queue: "LineQueue | None" = None


def write(line: bytes) -> None:
    if _queue is not None:
        _queue.put(line)
        return
    with _now:
        sys.stdout.buffer.write(line + b"\n")
        sys.stdout.buffer.flush()


@contextmanager
def queued(descriptor: int, most_lines: int) -> Iterator[None]:
    """Inside the block no writer waits; at its end what is queued is written."""
    global _queue
    _queue = queue = LineQueue(descriptor, most_lines)
    try:
        yield
    finally:
        _queue = None
        queue.close()


class LineQueue(Thread):
    def __init__(self, descriptor: int, most_lines: int) -> None:
        super().__init__(name="log-output", daemon=True)
        self._descriptor = descriptor
        self._most_lines = most_lines
        self._lines: SimpleQueue[bytes | None] = SimpleQueue()
        self._dropped = 0
        self.start()

    def put(self, line: bytes) -> None:
        if self._lines.qsize() < self._most_lines or current_thread() is self:
            self._lines.put(line)
        else:
            self._dropped += 1

    def close(self) -> None:
        """Waits for the last line, but not for a reader that has gone."""
        self._lines.put(None)
        self.join(CLOSE_SECONDS)

    def run(self) -> None:
        is_open = True
        while is_open:
            lines = [self._lines.get()]
            # To wake for every line would take the interpreter from the requests as often.
            time.sleep(GATHER_SECONDS)
            while len(lines) < MAX_LINES_A_WRITE and not self._lines.empty():
                lines.append(self._lines.get())
            is_open = None not in lines
            with suppress(OSError):  # stdout is closed, so there is no reader to tell
                self._write(b"".join(line + b"\n" for line in lines if line is not None))
            if self._dropped:
                count, self._dropped = self._dropped, 0
                structlog.get_logger("app.logging").warning("log.lines_dropped", count=count)

    def _write(self, data: bytes) -> None:
        """Not by `sys.stdout`: a thread that waits in it would fail the end of the process."""
        left = memoryview(data)
        while left:
            left = left[os.write(self._descriptor, left) :]
