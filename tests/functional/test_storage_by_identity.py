"""The storage reached by identity, as it is on Azure: no key, a token for each service."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from local.azurite import KEY, Azurite, Certificate
from local.simulator import Estate, Simulator
from local.stack import Stack
from tests.functional.doctor_kit import doctor, of_mark
from tests.functional.estate_kit import CMK, MICROSOFT, bundle, estate_of, sub_id

pytestmark = pytest.mark.long

WRONG = "00000000-0000-4000-8000-00000000c0de"


class TokenStorage:
    """Azurite that takes tokens, as the storage on Azure does, and the authority behind it."""

    def __init__(self, azurite: Azurite, folder: Path) -> None:
        self.azurite = azurite
        self._folder = folder

    def settings(self, azure: Simulator) -> dict[str, str]:
        """Name the storage by its addresses, and trust both certificate authorities."""
        trusted = str(bundle(self._folder, self._folder / "authority.pem", azure.ca_file))
        return {
            "CMK_STORAGE__tableServiceUri": self.azurite.table_url,
            "CMK_STORAGE__queueServiceUri": self.azurite.queue_url,
            "CMK_STORAGE__credential": "managedidentity",
            "SSL_CERT_FILE": trusted,
            "REQUESTS_CA_BUNDLE": trusted,
        }


@pytest.fixture(scope="module")
def by_identity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenStorage]:
    """A storage that takes tokens, over HTTPS."""
    folder = tmp_path_factory.mktemp("storage")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    issued = authority.issue_cert("127.0.0.1")
    certificate = Certificate(folder / "certificate.pem", folder / "key.pem")
    issued.cert_chain_pems[0].write_to_path(certificate.certificate)
    issued.private_key_pem.write_to_path(certificate.key)
    with Azurite(certificate=certificate) as running:
        yield TokenStorage(running, folder)


class StackByIdentity(Stack):
    """The stack as on Azure: no connection string, tokens for everything."""

    def __init__(self, estate: Estate, storage: TokenStorage) -> None:
        super().__init__(estate, azurite=storage.azurite)
        self._storage = storage

    def environment(self) -> dict[str, str]:
        """Reach the storage by identity."""
        environment = super().environment() | self._storage.settings(self.simulator)
        del environment["CMK_STORAGE"]
        return environment


def test_p5_p6_a_scan_needs_no_key(by_identity: TokenStorage) -> None:
    """Each service gets a token of its own and no other's."""
    with StackByIdentity(estate_of({"chat": CMK, "search": MICROSOFT}), by_identity) as stack:
        stack.scan()
        first = stack.get("v1/findings").body["value"]
        stack.simulator.estate.subscription(sub_id(1)).accounts["search"].set_encryption(CMK)
        stack.scan()
        status = stack.get("v1/status").body
        requests = list(stack.simulator.requests)
        output = "\n".join(stack.host.output())
        arm = stack.simulator.url

    assert {found["name"]: found["verdict"] for found in first} == {
        "chat": "compliant",
        "search": "non_compliant",
    }
    assert status["posture"] == "compliant"
    asked = {request.query["resource"] for request in requests if "msi" in request.path}
    assert asked == {arm, "https://storage.azure.com"}
    assert {request.audience for request in requests if request.authorized} == {arm}
    assert "eyJ" not in output
    assert KEY not in output


def test_doctor_tries_and_names_each_part(by_identity: TokenStorage) -> None:
    """A token for the storage is one thing, the right to write another, the network a third."""
    with Simulator(estate_of({"chat": CMK})) as azure:
        app = azure.environment() | by_identity.settings(azure)

        _, well = doctor(app)
        _, wrong_id = doctor(app | {"CMK_STORAGE__clientId": WRONG})
        _, half = doctor(app | {"CMK_STORAGE__queueServiceUri": "https://127.0.0.1:9/a"})

    (mark, said), *_ = well["storage token"]
    assert (mark, said.startswith("A token for https://storage.azure.com was ")) == ("ok", True)
    assert [well[name][0][0] for name in ("tables", "queues")] == ["ok", "ok"]
    (mark, said), *_ = wrong_id["storage token"]
    assert (mark, "set CMK_STORAGE__clientId to its client id" in said) == ("problem", True)
    assert {"tables", "queues", "scans"} <= set(of_mark("skipped", wrong_id))
    assert half["tables"][0][0] == "ok"
    (mark, said), *_ = half["queues"]
    assert (mark, said.endswith("its firewall admits this machine.")) == ("problem", True)
    assert "eyJ" not in str((well, wrong_id, half))
