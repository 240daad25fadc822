"""Azurite as tests and the demo use it: on free ports, and gone when its block ends."""

import re
import socket
from pathlib import Path

import pytest
from azure.data.tables import TableClient
from azure.storage.queue import QueueClient

from local.azurite import KEY, Azurite, AzuriteMissingError, development_connection_string


def _row_count(azurite: Azurite) -> int:
    with TableClient.from_connection_string(azurite.connection_string, "kept") as table:
        return len(list(table.list_entities()))


def test_the_connection_string_names_every_endpoint_by_address(azurite: Azurite) -> None:
    """azure-data-tables takes localhost for Cosmos DB and would speak another dialect."""
    parts = dict(part.split("=", 1) for part in azurite.connection_string.split(";"))

    assert (parts["AccountName"], parts["AccountKey"]) == ("devstoreaccount1", KEY)
    for service in ("Blob", "Queue", "Table"):
        assert re.fullmatch(
            r"http://127\.0\.0\.1:\d+/devstoreaccount1", parts[f"{service}Endpoint"]
        )
    assert azurite.table_url == parts["TableEndpoint"]
    assert azurite.queue_url == parts["QueueEndpoint"]


def test_development_storage_is_azurite_on_its_own_ports() -> None:
    """local.settings.json says UseDevelopmentStorage=true, which the Python SDK refuses."""
    with QueueClient.from_connection_string(development_connection_string(), "orders") as client:
        assert client.url == "http://127.0.0.1:10001/devstoreaccount1/orders"


def test_a_folder_keeps_the_data(tmp_path: Path) -> None:
    """`make up` may be stopped and started again."""
    with Azurite(folder=tmp_path / "storage") as first:
        with TableClient.from_connection_string(first.connection_string, "kept") as table:
            table.create_table()
            table.create_entity({"PartitionKey": "p", "RowKey": "r"})
        port = int(re.findall(r":(\d+)/", first.table_url)[0])

    with socket.socket() as attempt:
        assert attempt.connect_ex(("127.0.0.1", port)) != 0
    with Azurite(folder=tmp_path / "storage") as second:
        assert _row_count(second) == 1


def test_a_missing_node_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the one thing that `make install` cannot install."""
    monkeypatch.setenv("PATH", "")

    with pytest.raises(AzuriteMissingError, match=r"Node\.js.*make install"):
        Azurite().__enter__()
