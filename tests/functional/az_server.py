"""Runs Microsoft's az command for scripts that call it often; run by az's own Python.

Each call is a fork of this process, which has loaded before whatever an earlier call loaded: what a
call costs is mostly loading. Prints its port. A caller sends the number of its words and the words,
each ended by NUL: the environment of the call as JSON, and the words of the command. It gets the
exit code and the size of the output, a line each, the output, and then the errors.
"""

import contextlib
import importlib
import json
import os
import runpy
import socket
import sys

_MOST = 1 << 16


def main() -> None:
    """Serve until the standard input ends."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sys.stdout.write(f"{server.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            connection, _ = server.accept()
            with connection:
                serve(connection)


def serve(connection: socket.socket) -> None:
    """Answer one call, and load what it has loaded."""
    said = connection.recv(_MOST)
    while (words := said.decode(errors="replace").split("\0")[:-1]) == [] or len(words) <= int(
        words[0]
    ):
        said += connection.recv(_MOST)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.environ.clear()
        os.environ.update(json.loads(words[1]))
        answer = run(words[2:])
        connection.sendall(answer)
        os.write(writing, json.dumps(sorted(sys.modules)).encode())
        os._exit(0)
    os.close(writing)
    with open(reading) as loaded:  # noqa: PTH123 - a pipe
        modules = json.loads(loaded.read() or "[]")
    os.waitpid(child, 0)
    for name in modules:
        if name.startswith(("azure.", "msal", "knack.", "requests")) and name not in sys.modules:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)


def run(words: list[str]) -> bytes:
    """Run the command as ``python -m azure.cli`` does."""
    sys.argv = ["az", *words]
    files = [os.memfd_create(name) for name in ("out", "err")]
    for number, file in enumerate(files, 1):
        os.dup2(file, number)  # libraries keep sys.stdout as it was when they were loaded
    code = 0
    try:
        runpy.run_module("azure.cli", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = int(ended.code or 0)
    sys.stdout.flush()
    sys.stderr.flush()
    out, err = (os.pread(file, os.fstat(file).st_size, 0) for file in files)
    return b"%d\n%d\n%b%b" % (code, len(out), out, err)


main()
