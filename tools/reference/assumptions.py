"""The assumptions about Azure, as docs/assumptions.md shows them."""

from cmk_check.doctor.assumptions import PROBES, texts


def assumptions() -> str:
    """Write a section for each assumption."""
    return "\n\n".join(
        f"## {name}\n\n{each['belief']}\n\n- **Why we believe it:** {each['why']}\n"
        f"- **How to see it:** {_tried(name)}{each['see']}\n"
        f"- **What depends on it:** {each['affects']}."
        for name, each in texts().items()
    )


def _tried(name: str) -> str:
    return "`cmk-check doctor --report` tries it. " if name in PROBES else ""
