"""A simulation as a person reads it: the channels side by side, then for each offer why."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from concord.cli import comparison
from concord.cli.comparison import Heard
from concord.cli.errors import DONE, NO
from concord.cli.screen import Branch, Screen
from concord.cli.words import CHANNEL_NAMES
from concord.money import Money, plain

Answered = dict[str, Any]  # what `POST /v1/simulations` says
Node = dict[str, Any]  # of a reason tree

NAMED_MOST: Final = 5  # values of a set that are told
MARKS: Final = {True: "✓", False: "✗", None: "?"}
OPEN: Final = frozenset({"fact_missing", "code_needed"})  # what somebody could still tell
JOINED: Final = {"all": "all of these", "any": "one of these", "not": "not this"}
OPERATORS: Final = {
    "eq": "=",
    "ne": "≠",
    "lt": "<",
    "lte": "≤",
    "gt": ">",
    "gte": "≥",
    "in": "one of",
    "not_in": "none of",
    "contains_any": "has one of",
    "contains_all": "has all of",
    "between": "from",
    "exists": "known:",
}


def show(screen: Screen, answered: Answered) -> None:
    """The table, what was refused or nearly had, and the reason trees."""
    heard = _heard(answered)
    if _is_quote(answered):
        _show_quotes(screen, heard)
    else:
        _show_decisions(screen, heard)
    screen.say(comparison.conclusion(heard))
    screen.title("Why")
    for each in answered["why"]:
        screen.tree(_offer(each))


def exit_status(answered: Answered) -> int:
    """0 for a yes: every offer is had in every channel; with a basket, one applies and every code helps."""
    if _is_quote(answered):
        quote = _heard(answered)[0].body or {}
        return DONE if quote["applied"] and not quote["refused"] else NO
    return DONE if comparison.is_yes(_heard(answered)) else NO


def _heard(answered: Answered) -> list[Heard]:
    return [Heard(channel, body=body) for channel, body in answered["channels"].items()]


def _is_quote(answered: Answered) -> bool:
    return all("to_pay" in body for body in answered["channels"].values())


def _columns(heard: Sequence[Heard]) -> list[str]:
    return ["", *(CHANNEL_NAMES[answer.channel] for answer in heard)]


def _show_decisions(screen: Screen, heard: Sequence[Heard]) -> None:
    subjects = comparison.subjects(heard)
    for subject in subjects:
        screen.title(comparison.heading(heard, subject))
        digests = comparison.closing_rows(heard)[:1] if subject is subjects[-1] else []
        screen.rows(_columns(heard), comparison.rows(heard, subject) + digests)


def _show_quotes(screen: Screen, heard: Sequence[Heard]) -> None:
    quotes = [answer.body or {} for answer in heard]
    first = quotes[0]
    many = len(first["lines"])
    screen.title(f"{many} line{'s' if many > 1 else ''}, {first['currency']}")
    screen.rows(_columns(heard), [*_sums(quotes), *_verdicts(quotes), *comparison.closing_rows(heard)[:1]])
    screen.title("Lines")
    screen.rows(["line", "gross", "discount", "net", "by"], [_line(line, first["currency"]) for line in first["lines"]])
    for added in first["added"]:
        screen.say(
            f"+ {added['quantity']} {added.get('unit') or '×'} {added.get('sku') or added['what']} by {added['offer']}"
        )
    for refused in first["refused"]:
        screen.say(f"✗ {refused['code']}: {refused['sentence']}")
    for near in first["near_misses"]:
        screen.say(f"~ {near['offer']}: {near['sentence']}")


def _sums(quotes: Sequence[Answered]) -> Iterator[list[str]]:
    """Goods, discount, delivery, fee and what the customer pays, of each channel."""
    currency = quotes[0]["currency"]

    def row(name: str, amounts: Sequence[int]) -> list[str]:
        return [name, *comparison.marked([_amount(amount, currency) for amount in amounts])]

    fees = [sum(_fee(here) for here in quote["here"]) for quote in quotes]
    yield row("goods", [quote["totals"]["gross"] for quote in quotes])
    yield row("discount", [quote["totals"]["discount"] for quote in quotes])
    if quotes[0]["delivery"] is not None:
        yield row("delivery", [quote["delivery"]["net"] for quote in quotes])
    if any(fees):
        yield ["fee", *(_amount(fee, currency) for fee in fees)]
    paid = [quote["to_pay"] + fee for quote, fee in zip(quotes, fees, strict=True)]
    yield ["customer pays", *(_amount(amount, currency) for amount in paid)]


def _fee(here: Answered) -> int:
    return 0 if here["fee"] is None else int(here["fee"]["amount"])


def _verdicts(quotes: Sequence[Answered]) -> Iterator[list[str]]:
    """What each channel does with each offer that applies."""
    for place, here in enumerate(quotes[0]["here"]):
        yield [here["offer"], *(comparison.verdict(quote["here"][place]) for quote in quotes)]


def _line(line: Answered, currency: str) -> list[str]:
    sums = [_amount(line[name], currency) for name in ("gross", "discount", "net")]
    return [line["id"], *sums, ", ".join(share["offer"] for share in line["applied"]) or "–"]


def _amount(amount: int, currency: str) -> str:
    return plain(Money.model_construct(amount=amount, currency=currency))


def _offer(why: Answered) -> Branch:
    """`✗ free-handset-upgrade, version 1: This offer needs …`, with its criteria and lines below."""
    said = " ".join(reason["sentence"] for reason in why["reasons"])
    open_yet = bool(why["reasons"]) and all(reason["code"] in OPEN for reason in why["reasons"])
    text = f"{MARKS[None if open_yet else why['had']]} {why['offer']}, version {why['version']}"
    criteria = [_node(why["criteria"])] if why["criteria"] is not None else []
    return Branch(f"{text}: {said}" if said else text, (*criteria, *map(_line_of, why.get("lines", []))))


def _line_of(line: Answered) -> Branch:
    if not line["in_scope"]:
        return Branch(f"✗ line {line['line']}: not among its products")
    chosen = line["criteria"]
    if chosen is None:
        return Branch(f"✓ line {line['line']}")
    return Branch(f"{MARKS[chosen['result']]} line {line['line']}", (_node(chosen),))


def _node(node: Node) -> Branch:
    mark, name = MARKS[node["result"]], node["criterion"]
    if name in JOINED:
        return Branch(f"{mark} {JOINED[name]}", tuple(map(_node, node["parts"])))
    actual = "differs" if node.get("differs") else "missing" if node["actual"] is None else _value(node["actual"])
    subject = _measured(node) if name == "items" else name
    return Branch(f"{mark} {subject} {OPERATORS[node['op']]} {_expected(node)}; is {actual}")


def _measured(node: Node) -> str:
    """`quantity of mugs`."""
    named = [*node["items"].get("categories", ()), *node["items"].get("skus", ())]
    return f"{node['measure']} of {_value(named) if named else 'everything'}"


def _expected(node: Node) -> str:
    if node["op"] == "between":
        return " to ".join(map(_value, node["expected"]))
    return _value(node["expected"])


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return f"{_amount(value['amount'], value['currency'])} {value['currency']}" if "amount" in value else str(value)
    if isinstance(value, list):
        more = f" and {len(value) - NAMED_MOST} more" if len(value) > NAMED_MOST else ""
        return ", ".join(map(_value, value[:NAMED_MOST])) + more or "nothing"
    return str(value).lower() if isinstance(value, bool) else str(value)
