"""Microsoft's az command, signed in to a simulated Azure as an app's managed identity is."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

from local.simulator import Simulator
from tests.heavy_tools import AZ

_PARSER: Final = Path(__file__).with_name("az_parser.py")
_SERVER: Final = Path(__file__).with_name("az_server.py")
# The command for bash, which asks the server: a process of its own would load for a second.
_AS_FUNCTION: Final = """() { (
  exec 5<>"/dev/tcp/127.0.0.1/$AZ_PORT"
  printf '%s\\0' "$(($# + 1))" "$AZ_ENVIRONMENT" "$@" >&5
  read -r code <&5
  read -r size <&5
  head -c "$size" <&5
  cat <&5 >&2
  exit "$code"
) }"""
# Where the command looks for a newer version of itself; it does without an answer.
VERSION_CHECK: Final = "azcliprod.blob.core.windows.net"
_SECONDS: Final = 60.0
_SCRIPT_SECONDS: Final = 180.0


def parsed_by_az(commands: list[list[str]], folder: Path) -> list[Any]:
    """Return what the command makes of each list of words: its values, or an error; none is run."""
    ended = subprocess.run(
        [AZ, _PARSER],
        input=json.dumps(commands),
        env={
            "HOME": str(folder),
            "AZURE_CONFIG_DIR": str(folder / "azure"),
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
            "PYTHONUTF8": "1",
        },
        cwd=folder,
        capture_output=True,
        check=True,
        encoding="utf-8",
        timeout=120,
    )
    parsed: list[Any] = json.loads(ended.stdout)
    return parsed


class AzServer:
    """The command, loaded once for all its calls; what it keeps is in ``folder``.

    ``environment`` is that of a shell which has its own folder. Use in a ``with`` block.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._kept = folder / "azure"
        self.environment = dict(environment or {}) or {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "AZURE_CONFIG_DIR": str(self._kept),
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
            "AZURE_CORE_ONLY_SHOW_ERRORS": "true",
            "PYTHONUTF8": "1",
        }

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [AZ, _SERVER],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            self._process.kill()

    def as_function(self, **more: str) -> dict[str, str]:
        """Return variables that make az a function of bash, for calls that have some more."""
        return {
            "AZ_PORT": str(self.port),
            "AZ_ENVIRONMENT": json.dumps(self.environment | more),
            "BASH_FUNC_az%%": _AS_FUNCTION,
        }

    def forget(self) -> None:
        """Delete what the command has kept: clouds, who signed in, tokens."""
        shutil.rmtree(self._kept, ignore_errors=True)


class Az:
    """The command for one simulated Azure, which alone it trusts.

    It reaches vaults through the simulator's proxy. ``strayed`` holds the other hosts that it asked
    for, and did not reach; ``folder`` is for scripts.
    """

    def __init__(self, simulator: Simulator, folder: Path, server: AzServer) -> None:
        self._simulator = simulator
        self.folder = folder
        self.strayed = simulator.proxy.refused
        proxy = simulator.proxy.url
        self._server = server
        self._environment = {
            **server.environment,
            "HTTP_PROXY": proxy,
            "HTTPS_PROXY": proxy,
            "NO_PROXY": "127.0.0.1",
            "IDENTITY_ENDPOINT": simulator.identity_endpoint,
            "IDENTITY_HEADER": simulator.identity_header,
            "REQUESTS_CA_BUNDLE": simulator.ca_file,
        }
        server.forget()

    def sign_in(self, client_id: str | None = None) -> None:
        """Let it find the cloud by its metadata, as any custom cloud is found, and sign in.

        ``client_id`` names a user-assigned identity, such as that of the administrator.
        """
        url = self._simulator.url
        self("cloud", "register", "--name", "simulated", "--endpoint-resource-manager", url)
        self("cloud", "set", "--name", "simulated")
        self("login", "--identity", *(("--client-id", client_id) if client_id else ()))

    def __call__(self, *words: str) -> Any:  # noqa: ANN401 - its JSON
        """Run it; return the JSON that it printed, or None if it printed nothing."""
        code, out, err = self._ask(words)
        assert code == 0, f"az {' '.join(words)}\n{err}"
        return json.loads(out) if out.strip() else None

    def refusal(self, *words: str) -> str:
        """Run what must fail; return what it said."""
        code, out, err = self._ask(words)
        assert code != 0, out
        return err

    def run(
        self, script: Path, *options: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a bash script, which sees these variables and the command as a function."""
        function = self._server.as_function(**self._environment)
        return subprocess.run(
            ["bash", script, *options],  # noqa: S607 - the reader's own shell
            env=self._environment | function | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=_SCRIPT_SECONDS,
        )

    def _ask(self, words: tuple[str, ...]) -> tuple[int, str, str]:
        """Run the command; return its exit code, its output and its errors."""
        words = (json.dumps(self._environment), *words, "--output", "json")
        said = "".join(f"{word}\0" for word in (str(len(words)), *words))
        with socket.create_connection(("127.0.0.1", self._server.port), _SECONDS) as connection:
            connection.sendall(said.encode())
            with connection.makefile("rb") as answer:
                code, size = int(answer.readline()), int(answer.readline())
                return code, answer.read(size).decode(), answer.read().decode()
