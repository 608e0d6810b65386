"""Benefits as TMF671's actions, and back to exactly the same benefits.

`actionType` is the kind of the benefit. `actionValue` is a short text where the benefit says no more than that, and the
benefit's JSON text otherwise, so that kinds and options of later releases need nothing here.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from concord.decision.benefits import Benefit
from concord.errors import FieldError
from concord.money import Money, decimals, plain
from offer_registry.tmf.schemas import PromotionAction
from offer_registry.tmf.values import Findings, compact, read

PERCENT: Final = re.compile(r"(\d{1,3})(?:\.(\d{1,2}))?%", re.ASCII)
AMOUNT: Final = re.compile(r"(\d{1,13})(?:\.(\d{1,3}))? ([A-Z]{3})(?: per (unit|line|basket))?", re.ASCII)
SHORT: Final[Mapping[str, str]] = {
    "percent_off": "12.5%",
    "fixed_price": "0.00 USD",
    "amount_off": "5.00 USD per unit, per line or per basket",
}
TYPES: Final[Mapping[str, str]] = {"percent_off": "Discount", "free_item": "Award", "grant": "Award"}
OTHER_TYPE: Final = "Reduction"

BENEFIT: Final[TypeAdapter[Any]] = TypeAdapter(Benefit)
Document = dict[str, Any]


def promotion_type(benefits: Sequence[Document]) -> str:
    """Award, Discount or Reduction, by the first benefit."""
    return TYPES.get(benefits[0]["kind"], OTHER_TYPE)


def action_of(benefit: Document, entity: str | None) -> Document:
    """The action of a benefit; `entity` is the one product it is about, if it is about one."""
    action: Document = {"actionType": benefit["kind"], "actionValue": _short(benefit) or compact(benefit)}
    if entity is not None:
        action["actionEntityRef"] = {"id": entity, "@referredType": "ProductOffering"}
    return action


def _short(benefit: Document) -> str | None:
    match benefit:
        case {"kind": "percent_off", "basis_points": points, **more} if not more:
            return _percent(points)
        case {"kind": "fixed_price", "price": {"amount": _, "currency": _} as price, **more} if not more:
            return _amount(price)
        case {"kind": "amount_off", "amount": {"amount": _, "currency": _} as amount, "per": per, **more} if not more:
            return f"{_amount(amount)} per {per}"
    return None


def _percent(basis_points: int) -> str:
    whole, part = divmod(basis_points, 100)
    return f"{whole}.{part:02d}".removesuffix(".00").removesuffix("0" if part else "") + "%"


def _amount(document: Document) -> str:
    money = Money.model_validate(document)
    return f"{plain(money)} {money.currency}"


def benefit_of(action: PromotionAction, pointer: str, findings: Findings) -> Document:
    """The benefit that an action says. What cannot be read is added to `findings`."""
    where = f"{pointer}/actionValue"
    try:
        benefit = _stated(action)
    except ValueError as error:
        findings.append(FieldError(where, f"{error}.", "not_translatable"))
        return {}
    try:
        BENEFIT.validate_json(compact(benefit), strict=True, extra="forbid")
    except ValidationError as error:
        findings.extend(
            FieldError(where, f"{'/'.join(map(str, each['loc']))}: {each['msg']}.", each["type"])
            for each in error.errors(include_url=False, include_context=False, include_input=False)
        )
    return benefit


def _stated(action: PromotionAction) -> Document:
    kind, text = action.action_type, action.action_value
    if text is not None and text.startswith("{"):
        return _written_out(kind, text)
    stated = _from_short(kind, text or "")
    if stated is None:
        short = f"{SHORT[kind]}, or " if kind in SHORT else ""
        raise ValueError(f"Write {short}the JSON of a benefit whose kind is {kind[:40]}")
    return {"kind": kind, **stated}


def _written_out(kind: str, text: str) -> Document:
    try:
        found = read(text)
    except ValueError as error:
        raise ValueError(f"It is not the JSON of a benefit: {error}") from None
    if not isinstance(found, dict) or found.setdefault("kind", kind) != kind:
        raise ValueError("Its kind is not the actionType")
    return found


def _from_short(kind: str, text: str) -> Document | None:
    percent, amount = PERCENT.fullmatch(text), AMOUNT.fullmatch(text)
    if kind == "percent_off" and percent:
        return {"basis_points": int(percent[1]) * 100 + int((percent[2] or "").ljust(2, "0"))}
    if kind == "fixed_price" and amount and amount[4] is None:
        return {"price": _money(amount)}
    if kind == "amount_off" and amount and amount[4] is not None:
        return {"amount": _money(amount), "per": amount[4]}
    return None


def _money(found: re.Match[str]) -> Document:
    whole, part, currency = found[1], found[2] or "", found[3]
    digits = decimals(currency)
    if len(part) > digits:
        raise ValueError(f"{currency} has {digits} decimals")
    return {"amount": int(whole + part.ljust(digits, "0")), "currency": currency}
