"""A quote as JSON (terms §5), and what of it the certificate covers.

`terms_digest` is SHA-256 of the array of one entry: what is owed, as RFC 8785 JSON, the same text as in the answer.
`policy_digest` is SHA-256 of the sorted array of digests, each the SHA-256 in hex of the policy entry of an offer that
applies; `concord.decision.certificate` has the form of a policy entry.
"""

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import orjson

from concord import codes
from concord.decision import certificate, reasons
from concord.decision.body import policy
from concord.decision.question import Question
from concord.decision.quoting.basket import BasketLine
from concord.decision.quoting.effects import Added
from concord.decision.quoting.near import Missing, NearMiss
from concord.decision.quoting.playing import Candidate
from concord.decision.quoting.price import Quote, QuotedLine, Share
from concord.decision.quoting.sharing import unit_shares
from concord.decision.scalars import instant_text
from concord.decision.script import Script
from concord.money import plain

if TYPE_CHECKING:
    from concord.decision.quote import Beside, Ordered, QuoteAnswer
    from concord.decision.quoting.refusals import Refusal


def answer(answered: "QuoteAnswer") -> bytes:
    """The whole answer."""
    priced, setting = answered.quote, answered.setting
    more: dict[str, Any] = {
        "currency": priced.currency,
        "refused": [_refusal(each) for each in answered.refused],
        "near_misses": [_near(each, priced.currency, setting.locale) for each in priced.near],
        "here": orjson.Fragment(b"[%b]" % b",".join(answered.here)),
        "order": answered.asked.order,
        "certificate": orjson.Fragment(answered.certificate.to_bytes()),
    }
    if setting.hypothetical:
        more["hypothetical"] = True
    return answered.core[:-1] + b"," + orjson.dumps(more)[1:]


def core(priced: Quote, beside: Iterable["Beside"]) -> bytes:
    """What is owed, the same in every channel, as RFC 8785 JSON: the sums, and every promise with what it is worth."""
    delivery = b"null" if priced.delivery is None else _sums(priced.delivery, priced.delivery_discount)
    return b'{"added":%b,"applied":[%b],"delivery":%b,"lines":[%b],"promises":%b,"to_pay":%d,"totals":%b}' % (
        _sorted([_added(candidate, added) for candidate, added in priced.added]),
        _shares(priced.applied),
        delivery,
        b",".join(map(_line, priced.lines)),
        _sorted([_promise(each) for each in beside]),
        priced.to_pay,
        _sums(priced.gross, priced.discount),
    )


def _sorted(values: list[dict[str, Any]]) -> bytes:
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS) if values else b"[]"


def _added(candidate: Candidate, added: Added) -> dict[str, Any]:
    named = {"sku": added.name} if added.kind == "free_item" else {"what": added.name, "unit": added.unit}
    body = {"offer": candidate.key, "version": candidate.version, "kind": added.kind, "quantity": added.quantity}
    return {**body, **named}


def _line(line: QuotedLine) -> bytes:
    units = unit_shares(line.discount, line.quantity) if line.discount else []
    return b'{"applied":[%b],"discount":%d,"gross":%d,"id":%b,"net":%d,"unit_discounts":%b}' % (
        _shares(line.applied),
        line.discount,
        line.gross,
        orjson.dumps(line.id),
        line.net,
        orjson.dumps(units),
    )


def _sums(gross: int, discount: int) -> bytes:
    return b'{"discount":%d,"gross":%d,"net":%d}' % (discount, gross, gross - discount)


def _shares(shares: Iterable[Share]) -> bytes:
    return ",".join([share.text or _share(share) for share in shares]).encode()


def _share(share: Share) -> str:
    named = share.candidate
    share.text = f'{{"discount":{share.discount},"offer":"{named.key}","version":{named.version}}}'
    return share.text


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


def stance(candidate: Candidate, own: Script) -> tuple[bytes, bytes]:
    """What the asking channel does with an offer that applies, as a member of `here`, and its entry of the policy
    digest: the digest of the stance, its card included, as JSON text.
    """
    if candidate.promises:
        return _stance(candidate, own, candidate.promises[0])
    known = own.known.get(candidate.version)
    if known is None:
        known = own.known[candidate.version] = _stance(candidate, own, None)
    return known


def _stance(candidate: Candidate, own: Script, promise: str | None) -> tuple[bytes, bytes]:
    verdict = own.stance.verdict if promise is None else own.stance.promised
    entry = policy(own, verdict, candidate.key, candidate.version, promise)
    here = b'{"offer":"%b","version":%d%b' % (candidate.key.encode(), candidate.version, own.here[promise is not None])
    return here, b'"%b"' % hashlib.sha256(entry).hexdigest().encode()


def request_digest(question: Question, asked: "Ordered") -> str:
    """SHA-256 of the question with its basket; the order of lines, categories and codes never matters."""
    of = asked.basket
    document = {
        "codes": sorted(asked.folded),
        "currency": of.currency,
        "delivery": of.delivery,
        "lines": [_asked_line(line) for line in sorted(of.lines, key=lambda line: line.id)],
        "order": asked.order,
        "question": certificate.request_digest(question),
    }
    return hashlib.sha256(orjson.dumps(document)).hexdigest()


def _asked_line(line: BasketLine) -> tuple[Any, ...]:
    rest = (line.quantity, line.unit_price, line.no_offers, line.floor)
    return (line.id, line.sku, sorted(line.categories), *rest)
