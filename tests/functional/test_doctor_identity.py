"""``doctor`` over a storage that is reached by identity, as it is on Azure."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import trustme

from local.azurite import Azurite, Certificate
from local.simulator import Simulator
from tests.functional import terminal_kit
from tests.functional.estate_kit import CMK, bundle, estate_of

WRONG = "00000000-0000-4000-8000-00000000c0de"


def _said(environment: Mapping[str, str]) -> list[tuple[str, str, str]]:
    ended = terminal_kit.run("doctor", environment=environment)
    assert ended.err.startswith(("cmk-check: next: ", "cmk-check: fix the problems, "))
    assert "eyJ" not in ended.out
    return [
        (line[9:23].strip(), line[:8].strip(), line[24:])
        for line in ended.out.splitlines()
        if line[9:15] in {"storag", "tables", "queues", "scans "}
    ]


@pytest.mark.long
def test_each_part_of_a_storage_by_identity_is_tried_and_named(tmp_path: Path) -> None:
    """A token for the storage is one thing, the right to write another, the network a third."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "certificate.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate = Certificate(tmp_path / "certificate.pem", tmp_path / "key.pem")
    with Simulator(estate_of({"chat": CMK})) as azure, Azurite(certificate=certificate) as azurite:
        trusted = str(bundle(tmp_path, tmp_path / "authority.pem", azure.ca_file))
        app = azure.environment() | {
            "CMK_STORAGE__tableServiceUri": azurite.table_url,
            "CMK_STORAGE__queueServiceUri": azurite.queue_url,
            "SSL_CERT_FILE": trusted,
        }

        well = _said(app)
        wrong_id = _said(app | {"CMK_STORAGE__clientId": WRONG})
        half = _said(app | {"CMK_STORAGE__queueServiceUri": "https://127.0.0.1:9/a"})

    assert [(check, mark) for check, mark, _ in well] == [
        *[("storage token", "ok"), ("tables", "ok"), ("queues", "ok"), ("scans", "warning")]
    ]
    assert well[0][2].startswith("A token for https://storage.azure.com was issued to ")
    assert [(check, mark) for check, mark, _ in wrong_id] == [
        *[("storage token", "problem"), ("tables", "skipped"), ("queues", "skipped")],
        ("scans", "skipped"),
    ]
    assert "no identity with the client id in CMK_STORAGE__clientId" in wrong_id[0][2]
    assert half[1][:2] == ("tables", "ok")
    assert half[2][:2] == ("queues", "problem")
    assert half[2][2].endswith(
        "check that the storage account exists and its firewall admits this machine."
    )
