"""A decision as the bytes of its JSON (api §4), and as an entry of the policy digest (protocol R21).

What an offer's version settles was written when its script was; here it is put together with what the customer settles.
"""

import orjson

from concord import codes
from concord.decision.decide import Decision, Instead
from concord.decision.facts import Promise
from concord.decision.reasons import Verdict
from concord.decision.scalars import instant_text
from concord.decision.script import Script

_NOT_GRANTED = b',"benefits":[],"fee":null,"customer_pays":null,"instead_of":null'
_NO_POLICY = b',"card":null,"escalate_to":null,"fee":null'


def decision_bytes(decision: Decision) -> bytes:
    """A decision; `refer_to` and `escalate_to` stand only where the verdict is `refer` or `escalate`."""
    known = decision.written.get("body")
    if known is None:
        known = decision.written["body"] = _body(decision)
    return known


def _body(decision: Decision) -> bytes:
    script, card = decision.script, decision.card
    return b"".join(
        (
            b'{"offer":',
            _text(decision.offer),
            b',"version":',
            _number(decision.version),
            b',"verdict":"',
            decision.verdict.encode(),
            b'","reasons":[',
            b",".join([reason.body for reason in decision.reasons]),
            b"]",
            _NOT_GRANTED if script is None else script.granted,
            b',"promise":',
            _promise(decision.promise),
            b',"card":',
            b"null" if card is None else card.body,
            b',"say_this":',
            _text(decision.say_this),
            b',"alternative":',
            _alternative(decision.alternative),
            b"}" if script is None else script.tail,
        )
    )


def policy_entry(decision: Decision) -> bytes:
    """What the channel's policy makes of it, as RFC 8785 JSON (`certificate` states the form)."""
    known = decision.written.get("policy")
    if known is None:
        known = decision.written["policy"] = _policy(decision)
    return known


def _policy(decision: Decision) -> bytes:
    instead, promise = decision.alternative, decision.promise
    return policy(
        decision.script,
        decision.verdict,
        decision.offer,
        decision.version,
        None if promise is None else promise.id,
        None if instead is None else instead.offer,
    )


def policy(
    script: Script | None,
    verdict: Verdict,
    offer: str | None,
    version: int | None,
    promise: str | None = None,
    instead: str | None = None,
) -> bytes:
    """An entry of the policy digest, members in their order."""
    return b"".join(
        (
            b'{"alternative":',
            _text(instead),
            _NO_POLICY if script is None else script.policy_head,
            b',"offer":',
            _text(offer),
            b',"promise":',
            _text(promise),
            b',"refer_to":',
            _text(None if script is None else script.stance.to),
            b',"verdict":"',
            verdict.encode(),
            b'","version":',
            _number(version),
            b"}",
        )
    )


def _text(value: str | None) -> bytes:
    return b"null" if value is None else orjson.dumps(value)


def _number(value: int | None) -> bytes:
    return b"null" if value is None else b"%d" % value


def _promise(promise: Promise | None) -> bytes:
    if promise is None:
        return b"null"
    return orjson.dumps(
        {
            "id": promise.id,
            "code": codes.shown(promise.code),
            "channel": promise.channel,
            "made_at": instant_text(promise.made_at),
            "honour_until": instant_text(promise.honour_until),
            "state": promise.state,
        }
    )


def _alternative(instead: Instead | None) -> bytes:
    if instead is None:
        return b"null"
    return orjson.dumps({"offer": instead.offer, "version": instead.version, "title": instead.title})
