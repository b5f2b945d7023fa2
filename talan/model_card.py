"""The model card of a folder that is saved again.

Owns: saying of a card whose weights have changed since that its numbers are not theirs. Does not
cover: what a card says (`dashboards.model_card`).
"""

CHANGED = (
    "> **Changed since it was measured:** these weights are not the ones that the numbers below "
    "were measured on.\n\n"
)
_FENCE = "---\n"


def saved_card(card: str, *, is_changed: bool) -> str:
    """The card with `CHANGED` before its text, behind its metadata, where weights have changed."""
    if not is_changed or CHANGED in card:
        return card
    head, body = _split(card)
    return f"{head}{CHANGED}{body.lstrip()}"


def _split(card: str) -> tuple[str, str]:
    """Metadata, fences and the empty line after it included, and the text."""
    end = card.find(f"\n{_FENCE}", len(_FENCE) - 1)
    if not card.startswith(_FENCE) or end < 0:
        return "", card
    cut = end + 1 + len(_FENCE)
    return f"{card[:cut]}\n", card[cut:]
