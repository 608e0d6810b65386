"""What was asked for by code and is not given, with the reason (terms §2, §5)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from concord.decision import reasons
from concord.decision.compile import CompiledOffer, read_criteria
from concord.decision.decide import Asking
from concord.decision.kleene import Facts, blamed, explain
from concord.decision.limits import fold_code
from concord.decision.quoting.playing import Kept
from concord.decision.quoting.price import Quote
from concord.decision.reasons import Reason


@dataclass(frozen=True, slots=True)
class Refusal:
    """A code, the offer it stands for where there is one, and why it does not apply."""

    code: str
    offer: str | None
    reason: Reason
    needs: tuple[str, ...] = ()


def refusals(asking: Asking, codes: Iterable[str], priced: Quote, facts: Facts) -> Iterator[Refusal]:
    """One for each code that is unknown, over, or whose offer does not apply; codes in order, each once.

    `facts` are those of the customer and the basket.
    """
    applied = {share.candidate.key for share in priced.applied}
    kept = {each.candidate.key: each for each in (*priced.kept, *priced.idle)}
    for code in dict.fromkeys(sorted(codes)):
        offers = asking.view.catalogue.by_code(fold_code(code))
        if not offers and not _is_promise(asking, code):
            yield Refusal(code, None, reasons.say("code_unknown", asking.setting.locale))
        for offer in offers:
            if offer.key not in applied:
                yield _refusal(asking, code, offer, kept.get(offer.key), facts)


def _is_promise(asking: Asking, code: str) -> bool:
    """Whether it is the code of one of the customer's promises, which play anyway."""
    household = asking.view.household
    return household is not None and any(promise.code == fold_code(code) for promise in household.promises)


def _refusal(asking: Asking, code: str, offer: CompiledOffer, kept: Kept | None, facts: Facts) -> Refusal:
    locale = asking.setting.locale
    if kept is None:
        return Refusal(code, offer.key, reasons.say(_out_of_time(asking, offer), locale))
    if kept.code not in {"criterion_not_met", "fact_missing"} or kept.candidate.terms.criteria is None:
        return Refusal(code, offer.key, reasons.say(kept.code, locale))
    attributes = kept.candidate.terms.attributes
    why = blamed(explain(read_criteria(kept.candidate.terms.criteria), facts, attributes))
    said = (reasons.missing if kept.code == "fact_missing" else reasons.not_met)(why, locale, attributes)
    needs = tuple(reason.attribute or "" for reason in said)
    return Refusal(code, offer.key, said[0] if said else reasons.say("scope_empty", locale), needs)


def _out_of_time(asking: Asking, offer: CompiledOffer) -> str:
    at = asking.setting.at
    open_ones = [version for version in offer.versions if version.on_request]
    if any(at < version.window.start for version in open_ones):
        return "code_not_started"
    within = (version for version in open_ones if version.window.end is None or at < version.window.end)
    return "outside_hours" if any(within) else "code_ended"
