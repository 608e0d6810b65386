"""What a channel says and charges when it grants an offer: all of it that does not depend on the customer.

A script is written once per terms, channel and locale, and kept with the terms.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from concord import codes, money
from concord.decision import reasons
from concord.decision.cards import Filled, Prepared, in_locale
from concord.decision.compile import CompiledTerms, Stance, read_card
from concord.decision.facts import Promise
from concord.decision.reasons import Reason, Verdict
from concord.money import Money

NO_CELL = Stance("escalate", Verdict.ESCALATE, Verdict.ESCALATE, None, None, None, None, "supervisor", {})
_KEPT = frozenset({Verdict.AVAILABLE, Verdict.HONOUR, Verdict.HONOUR_WITH_FEE})
_POLICY = {
    Verdict.AVAILABLE: "available_here",
    Verdict.HONOUR: "honoured_here",
    Verdict.ALTERNATIVE: "alternative_offered",
}


@dataclass(frozen=True, slots=True)
class Script:
    """A stance put into words."""

    stance: Stance
    locale: str
    policy: Reason  # what the channel does, without a promise
    basket: tuple[Reason, ...]  # price_needs_basket, where it does
    card: Prepared | None  # filled as far as it goes without a promise
    plain: Filled | None  # the card without a promise
    granted: bytes  # the members benefits, fee, customer_pays and instead_of of a decision, as JSON
    tail: bytes  # its members refer_to and escalate_to, and the closing brace
    policy_head: bytes  # the members card, escalate_to and fee of a policy entry, as JSON
    known: dict[int, tuple[bytes, bytes]] = field(compare=False, repr=False)  # stances in a quote, by version
    here: tuple[bytes, bytes]  # what follows offer and version of a quote's `here`, without a promise and with one

    def reasons(self, promise: Promise | None) -> tuple[Reason, ...]:
        """Why it is granted. What the customer must do stands first when the channel does not keep the offer itself."""
        if promise is None:
            return (self.policy, *self.basket)
        promised = reasons.say(
            f"promised_by_{promise.channel}",
            self.locale,
            promised_on=reasons.date_text(promise.made_at),
            until=reasons.until_text(promise.honour_until),
        )
        verdict = self.stance.promised
        if verdict is Verdict.HONOUR:
            return (promised, *self.basket)
        kept = verdict in _KEPT
        return (promised, self.policy, *self.basket) if kept else (self.policy, promised, *self.basket)

    def filled(self, promise: Promise | None, instead: str) -> Filled | None:
        """The card, `instead` being said when its sentence names what is not there."""
        if promise is None or self.card is None:
            return self.plain
        if not self.card.names:
            return self.card.fill({}, instead)
        return self.card.fill(_promised_values(self.card.names, promise), instead)


def script(terms: CompiledTerms, channel: str, locale: str) -> Script:
    """The script of the terms' own stance in a channel."""
    known = terms.scripts.get((channel, locale))
    if known is None:
        known = write(terms, terms.stances.get(channel, NO_CELL), channel, locale)
        terms.scripts[channel, locale] = known
    return known


def write(terms: CompiledTerms, stance: Stance, channel: str, locale: str) -> Script:
    """A script for another stance than the terms' own. The card stays that of the terms (terms §6)."""
    own = terms.stances.get(channel, NO_CELL)
    found = in_locale(own.cards, locale)
    card = read_card(found[1], found[0]).with_values(_own_values(terms, stance)) if found is not None else None
    policy = _policy(locale, stance)
    without = {"until": None if terms.end is None else reasons.until_text(terms.end)}
    plain = None if card is None else card.fill(without, policy.sentence)
    said = plain.say if plain is not None else policy.sentence
    return Script(
        stance=stance,
        locale=locale,
        policy=policy,
        basket=(reasons.say("price_needs_basket", locale),) if terms.price.pays is None else (),
        card=card,
        plain=plain,
        granted=_granted(terms, stance),
        tail=_tail(stance),
        policy_head=_policy_head(stance, b"null" if found is None else found[1]),
        known={},
        here=(_here(stance, stance.verdict, said), _here(stance, stance.promised, said)),
    )


def _here(stance: Stance, verdict: Verdict, said: str) -> bytes:
    return b',"verdict":"%b","fee":%b,"say_this":%b%b' % (
        verdict.encode(),
        money_bytes(stance.fee),
        orjson.dumps(said),
        _tail(stance),
    )


def _granted(terms: CompiledTerms, stance: Stance) -> bytes:
    amounts = (money_bytes(stance.fee), money_bytes(stance.pays), money_bytes(terms.price.instead_of))
    return b',"benefits":%b,"fee":%b,"customer_pays":%b,"instead_of":%b' % (terms.benefits, *amounts)


def _tail(stance: Stance) -> bytes:
    refer = b',"refer_to":"%b"' % stance.to.encode() if stance.to is not None else b""
    escalate = b',"escalate_to":"%b"' % stance.role.encode() if stance.role is not None else b""
    return refer + escalate + b"}"


def _policy_head(stance: Stance, card: bytes) -> bytes:
    role = orjson.dumps(stance.role)
    return b',"card":%b,"escalate_to":%b,"fee":%b' % (card, role, money_bytes(stance.fee))


def money_bytes(amount: Money | None) -> bytes:
    """`{"amount":500,"currency":"USD"}`, which is RFC 8785 too."""
    return b"null" if amount is None else b'{"amount":%d,"currency":"%b"}' % (amount.amount, amount.currency.encode())


def _policy(locale: str, stance: Stance) -> Reason:
    if stance.fee is not None:
        fee = stance.fee
        return reasons.say("honoured_with_fee", locale, fee=money.plain(fee), currency=fee.currency)
    if stance.to is not None:
        return reasons.say("referred", locale, where=reasons.place_text(stance.to))
    if stance.role is not None:
        return reasons.say("needs_approval", locale, role=stance.role)
    return reasons.say(_POLICY[stance.verdict], locale)


def _own_values(terms: CompiledTerms, stance: Stance) -> Mapping[str, str]:
    """What the placeholders of the offer itself stand for; those without a value are left out."""
    amounts: dict[str, Money | None] = {
        "price": terms.price.pays,
        "regular_price": terms.price.instead_of,
        "fee": stance.fee,
        "customer_pays": stance.pays,
    }
    return {name: money.plain(amount) for name, amount in amounts.items() if amount is not None}


def _promised_values(names: frozenset[str], promise: Promise) -> Mapping[str, str | None]:
    values: dict[str, str | None] = {}
    if "until" in names:
        values["until"] = reasons.until_text(promise.honour_until)
    if "promised_on" in names:
        values["promised_on"] = reasons.date_text(promise.made_at)
    if "promised_in" in names:
        values["promised_in"] = reasons.origin_text(promise.channel)
    if "code" in names:
        values["code"] = codes.shown(promise.code)
    return values
