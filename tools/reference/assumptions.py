"""The assumptions about Azure, as docs/assumptions.md shows them."""

from cmk_check.doctor.assumptions import PROBES, texts


def assumptions() -> str:
    """Write a section for each assumption."""
    return "\n\n".join(
        f"## {name}\n\n{each['belief']}\n\n| reason | {each['why']} |\n|---|---|\n"
        f"| test | {_tried(name)}{each['see']} |\n"
        f"| if refuted | {each['affects']}. |"
        for name, each in texts().items()
    )


def _tried(name: str) -> str:
    return "`doctor --report`. " if name in PROBES else ""
