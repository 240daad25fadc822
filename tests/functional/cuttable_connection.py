"""A line to a service that a test can cut, freeze and mend, with the service none the wiser."""

import socket
import threading
from contextlib import suppress
from typing import Final, Self

_HOST: Final = "127.0.0.1"


class Line:
    """A port of its own that leads to another one, while it is not cut. Use in a ``with`` block."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._ends: set[socket.socket] = set()
        self._listening: socket.socket | None = None
        self._flowing = threading.Event()
        self.port = 0

    def __enter__(self) -> Self:
        self.mend()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()

    def mend(self) -> None:
        """Listen, on the same port as before; let through what was frozen."""
        self._flowing.set()
        if self._listening is not None:
            return
        listening = socket.create_server((_HOST, self.port))
        self.port = listening.getsockname()[1]
        self._listening = listening
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()

    def freeze(self) -> None:
        """Take connections, old and new, and answer nothing."""
        self._flowing.clear()

    def cut(self) -> None:
        """Refuse new connections and break those there are."""
        with self._lock:
            ends, self._ends = self._ends, set()
            listening, self._listening = self._listening, None
        for end in [listening, *ends]:
            if end is not None:
                _close(end)
        self._flowing.set()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                near, _ = listening.accept()
            except OSError:
                return  # cut
            far = socket.create_connection((_HOST, self._target))
            with self._lock:
                self._ends |= {near, far}
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):  # cut, or one end went away
            while part := source.recv(65_536):
                self._flowing.wait()
                sink.sendall(part)
        with self._lock:
            self._ends -= {source, sink}
        _close(source)
        _close(sink)


def _close(end: socket.socket) -> None:
    with suppress(OSError):  # the other side was faster
        # Closing alone would not wake the thread that waits on it.
        end.shutdown(socket.SHUT_RDWR)
    end.close()
