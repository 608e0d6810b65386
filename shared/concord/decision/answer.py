"""The answer of a channel: promises first, then what was asked, with the certificate (api §4)."""

from dataclasses import dataclass, replace

from concord.decision import reasons
from concord.decision.body import decision_bytes, policy_entry
from concord.decision.certificate import Certificate, certify, not_owed, request_digest
from concord.decision.compile import CompiledOffer, CompiledTerms
from concord.decision.decide import Asking, Decision, decide_offer
from concord.decision.listing import Beside, decide_listed
from concord.decision.promised import Held, decide_promise, held_promises
from concord.decision.question import Question, Setting, View
from concord.decision.reasons import Verdict


@dataclass(frozen=True, slots=True)
class Answer:
    """The decisions of one question, promises first, and the certificate."""

    certificate: Certificate
    items: tuple[Decision, ...]
    hypothetical: bool = False

    def to_bytes(self) -> bytes:
        """The JSON body of `POST /v1/decisions`."""
        items = b",".join(map(decision_bytes, self.items))
        mark = b',"hypothetical":true' if self.hypothetical else b""
        return b'{"certificate":%b,"items":[%b]%b}' % (self.certificate.to_bytes(), items, mark)


def answer(question: Question, view: View, setting: Setting) -> Answer:
    """Answers the question from the view, as the channel of the setting. Pure, and total for every checked question.

    The order of offers, products, facts and promises in the inputs never changes the answer.
    """
    asking = Asking(question, view, setting)
    held = held_promises(asking)
    items, entries = _promised(asking, held)
    beside = _beside(held)
    more, owed = _asked(asking, beside) if question.offers else ([], [])
    listed, listed_owed = decide_listed(asking, beside) if question.products or not question.offers else ([], [])
    decisions = (*items, *_in_order(asking, more + listed))
    return Answer(
        certificate=certify(
            view,
            setting.at,
            request=request_digest(question),
            terms=entries + owed + listed_owed,
            policy=map(policy_entry, decisions),
        ),
        items=decisions,
        hypothetical=setting.hypothetical,
    )


def recompute_policy(question: Question, view: View, setting: Setting, channel: str) -> str:
    """The `policy_digest` that the channel gives at these inputs: what any other channel checks an answer with."""
    return answer(question, view, replace(setting, channel=channel)).certificate.policy_digest


def _promised(asking: Asking, held: list[Held]) -> tuple[list[Decision], list[bytes]]:
    items, entries = [], []
    for each in held:
        decision, entry = decide_promise(asking, each)
        items.append(decision)
        entries.append(entry)
    code = asking.question.code
    if code is not None and not _knows(asking, code):
        items.append(Decision(None, None, Verdict.PENDING, (reasons.say("code_not_known_yet", asking.setting.locale),)))
        entries.append(not_owed(["code_not_known_yet"], None, None))
    return items, entries


def _knows(asking: Asking, code: str) -> bool:
    household = asking.view.household
    return household is not None and any(promise.code == code for promise in household.promises)


def _beside(held: list[Held]) -> Beside:
    """By key and by id of the offer, because a view may have the promise and not yet the offer."""
    beside: dict[str, list[CompiledTerms]] = {}
    for each in held:
        if not each.ended:
            terms = beside.setdefault(each.promise.offer, [])
            beside[each.promise.offer_key] = terms
            if each.terms is not None:
                terms.append(each.terms)
    return beside


def _asked(asking: Asking, beside: Beside) -> tuple[list[Decision], list[bytes]]:
    """The offers asked for by name, each once, whether by key or by id."""
    found: dict[str, tuple[str, CompiledOffer | None]] = {}
    for name in asking.question.offers:
        offer = asking.view.catalogue.find(name)
        found[name if offer is None else offer.id] = (name, offer)
    decisions: list[Decision] = []
    entries: list[bytes] = []
    for known_as, (name, offer) in found.items():
        more, owed = decide_offer(asking, name, offer, beside.get(known_as))
        decisions += more
        entries += owed
    return decisions, entries


def _in_order(asking: Asking, decisions: list[Decision]) -> list[Decision]:
    """By (priority, key) as offers apply (terms §3), the newer version first; what has no offer stands last."""
    if len(decisions) < 2:
        return decisions
    return sorted(decisions, key=lambda decision: _place(asking, decision))


def _place(asking: Asking, decision: Decision) -> tuple[bool, int, str, int]:
    name = decision.offer or ""
    offer = asking.view.catalogue.find(name)
    priority = offer.versions[0].terms.priority if offer is not None and offer.versions else 0
    return offer is None, priority, name, -(decision.version or 0)
