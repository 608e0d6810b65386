"""What there is: LIVE offers on a product, or what the channel shows when nothing in particular is asked."""

from collections.abc import Mapping

from concord.decision.compile import CompiledTerms, CompiledVersion
from concord.decision.decide import Asking, Settled, decide_version, entry_of, may_beat

Beside = Mapping[str, list[CompiledTerms]]  # offer id or key → the terms promised to the customer on it


def decide_listed(asking: Asking, beside: Beside) -> Settled:
    """LIVE offers on the products asked; without products what the channel shows. Offers asked by name are left out.

    Entries are those of every LIVE offer this customer can have, whichever channels show it: what is owed knows no
    channel. What nobody asked for by name and cannot be had has none.
    """
    question, catalogue = asking.question, asking.view.catalogue
    offers = catalogue.live_with(question.products) if question.products else catalogue.live()
    named = frozenset(question.offers)
    settled: Settled = ([], [])
    for offer in offers:
        if offer.live is not None and offer.key not in named and offer.id not in named:
            _list(asking, offer.live, beside.get(offer.id), settled)
    return settled


def _list(asking: Asking, version: CompiledVersion, promised: list[CompiledTerms] | None, settled: Settled) -> None:
    if promised is not None and (not may_beat(version.terms, promised) or asking.status(version, asking.exact)):
        return
    decisions, entries = settled
    if version.window.surely_inside(asking.exact) and not asking.status(version, asking.exact):
        entries.append(entry_of(asking, version, ""))
    if is_shown(asking, version):
        decisions.append(decide_version(asking, version, asking.status(version, asking.setting.interval)))


def is_shown(asking: Asking, version: CompiledVersion) -> bool:
    """Whether the channel may show it: fresh, surely in its time (R16), and shown here or asked for by its product."""
    if asking.fenced or not version.window.surely_inside(asking.setting.interval):
        return False
    return bool(asking.question.products) or asking.setting.channel in version.terms.shown_in
