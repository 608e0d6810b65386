"""A quote as JSON (terms §5), and what of it the certificate covers."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import orjson

from concord import codes
from concord.canonical import canonical_bytes
from concord.decision import certificate, reasons
from concord.decision.body import policy
from concord.decision.question import Question
from concord.decision.quoting.near import Missing, NearMiss
from concord.decision.quoting.playing import Candidate
from concord.decision.quoting.price import Quote, QuotedLine, Share
from concord.decision.quoting.sharing import unit_shares
from concord.decision.scalars import instant_text
from concord.decision.script import script
from concord.money import plain

if TYPE_CHECKING:
    from concord.decision.quote import Beside, Ordered, QuoteAnswer
    from concord.decision.quoting.refusals import Refusal


def answer(answered: "QuoteAnswer") -> bytes:
    """The whole answer."""
    priced, setting = answered.quote, answered.setting
    document: dict[str, Any] = {
        "currency": priced.currency,
        **answered.core,
        "refused": [_refusal(each) for each in answered.refused],
        "near_misses": [_near(each, priced.currency, setting.locale) for each in priced.near],
        "here": orjson.Fragment(b"[%b]" % b",".join(_here(answered))),
        "order": answered.asked.order,
        "certificate": orjson.Fragment(answered.certificate.to_bytes()),
    }
    if setting.hypothetical:
        document["hypothetical"] = True
    return orjson.dumps(document)


def _here(answered: "QuoteAnswer") -> Iterator[bytes]:
    """What the asking channel does with each offer that applies."""
    channel, locale = answered.setting.channel, answered.setting.locale
    for share in answered.quote.applied:
        candidate = share.candidate
        said = script(candidate.terms, channel, locale).here[bool(candidate.promises)]
        yield b'{"offer":"%b","version":%d%b' % (candidate.key.encode(), candidate.version, said)


def core(priced: Quote, beside: Iterable["Beside"]) -> dict[str, Any]:
    """What is owed, the same in every channel: the sums, and every promise with what it is worth."""
    return {
        "lines": [_line(line) for line in priced.lines],
        "delivery": None if priced.delivery is None else _sums(priced.delivery, priced.delivery_discount),
        "totals": _sums(priced.gross, priced.discount),
        "to_pay": priced.to_pay,
        "applied": [_share(share) for share in priced.applied],
        "added": [
            {
                "offer": candidate.key,
                "version": candidate.version,
                "kind": added.kind,
                "sku" if added.kind == "free_item" else "what": added.name,
                "quantity": added.quantity,
                **({"unit": added.unit} if added.unit is not None else {}),
            }
            for candidate, added in priced.added
        ],
        "promises": [_promise(each) for each in beside],
    }


def _line(line: QuotedLine) -> dict[str, Any]:
    return {
        "id": line.id,
        **_sums(line.gross, line.discount),
        "unit_discounts": unit_shares(line.discount, line.quantity) if line.discount else [],
        "applied": [_share(share) for share in line.applied],
    }


def _sums(gross: int, discount: int) -> dict[str, int]:
    return {"gross": gross, "discount": discount, "net": gross - discount}


def _share(share: Share) -> dict[str, Any]:
    return {"offer": share.candidate.key, "version": share.candidate.version, "discount": share.discount}


def _refusal(refusal: "Refusal") -> dict[str, Any]:
    body = {"code": refusal.code, "offer": refusal.offer, "reason": refusal.reason.code}
    body["sentence"] = refusal.reason.sentence
    return {**body, "needs": list(refusal.needs)} if refusal.needs else body


def _near(near: NearMiss, currency: str, locale: str) -> dict[str, Any]:
    spoken = " or ".join(_spoken(missing) for missing in near.missing)
    return {
        "offer": near.candidate.key,
        "version": near.candidate.version,
        "missing": [_missing(missing) for missing in near.missing],
        "worth": None if near.worth is None else {"amount": near.worth, "currency": currency},
        "sentence": reasons.say("near_miss", locale, missing=spoken[:1].upper() + spoken[1:]).sentence,
    }


def _missing(missing: Missing) -> dict[str, Any]:
    body: dict[str, Any] = {"units": missing.units} if missing.units is not None else {}
    if missing.amount is not None:
        body["amount"] = missing.amount.model_dump()
    return {**body, "skus": list(missing.skus), "categories": list(missing.categories)}


NAMED_MOST = 3  # products named in a sentence


def _spoken(missing: Missing) -> str:
    named = [*missing.categories, *missing.skus]
    what = f" of {', '.join(named[:NAMED_MOST])}" if 0 < len(named) <= NAMED_MOST else ""
    if missing.amount is not None:
        return f"{plain(missing.amount)} {missing.amount.currency} more{what}"
    return f"{'one' if missing.units == 1 else missing.units} more{what}"


def _promise(beside: "Beside") -> dict[str, Any]:
    promise, today = beside.held.promise, beside.today
    return {
        "promise": promise.id,
        "code": codes.shown(promise.code),
        "offer": promise.offer_key,
        "version": promise.offer_version,
        "honour_until": instant_text(promise.honour_until),
        "discount": beside.discount,
        "today": None if today is None else {"version": today[0], "discount": today[1]},
        "applied": beside.applied,
    }


def owed(core: dict[str, Any]) -> bytes:
    """What the terms digest covers, as RFC 8785 JSON: keys are ASCII and numbers are integers."""
    return orjson.dumps(core, option=orjson.OPT_SORT_KEYS)


def policy_entry(candidate: Candidate, channel: str) -> bytes:
    """What the policy digest covers of an offer that applies: the channel's stance on it, card included."""
    own = script(candidate.terms, channel, "en")
    verdict = own.stance.promised if candidate.promises else own.stance.verdict
    promise = candidate.promises[0] if candidate.promises else None
    return policy(own, verdict, candidate.key, candidate.version, promise)


def request_digest(question: Question, asked: "Ordered") -> str:
    """SHA-256 of the question with its basket; the order of lines and codes never matters."""
    lines = sorted((line.model_dump(exclude_defaults=True) for line in asked.basket.lines), key=lambda line: line["id"])
    document = {
        "question": certificate.request_digest(question),
        "currency": asked.basket.currency,
        "delivery": asked.basket.delivery,
        "lines": [
            {**line, "categories": sorted(line["categories"])} if "categories" in line else line for line in lines
        ],
        "codes": sorted(asked.folded),
        "order": asked.order,
    }
    return hashlib.sha256(canonical_bytes(document)).hexdigest()
