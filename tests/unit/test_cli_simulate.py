"""`concord offer simulate`: golden output at 80 and 120 columns, what is sent, and its exit statuses."""

import re
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from concord.decision.terms import EXAMPLE
from offer_registry.simulation import Trial, simulate, stated
from offer_registry.simulation_schemas import SimulationAsked
from unit.cli_services import NOW, Services, problem, run
from unit.decision_samples import terms, usd

FACTS = {"line.tenure_months": 44, "line.barred": False}
MUGS = {
    "title": {"en": "Mugs"},
    "benefits": [
        {"kind": "percent_off", "basis_points": 1000},
        {"kind": "free_item", "sku": "SPOON", "if_present": "add"},
    ],
    "products": {"categories": ["mugs"]},
    "validity": {"start": "2026-06-01T00:00:00Z"},
    "criteria": {
        "all": [
            {"items": {"categories": ["mugs"]}, "op": "gte", "value": 2},
            {"attribute": "basket.subtotal", "op": "between", "value": [usd(1000), usd(90_000)]},
            {"attribute": "line_item.categories", "op": "contains_any", "value": ["mugs", "cups"]},
            {"not": {"attribute": "line_item.unit_price", "op": "gt", "value": usd(5000)}},
        ]
    },
    "honour": {"web": {"action": "native"}, "store_pos": {"action": "honour_with_fee", "fee": usd(100)}},
}
BASKET = {
    "currency": "USD",
    "delivery": 499,
    "lines": [
        {"id": "1", "sku": "MUG", "categories": ["mugs"], "quantity": 2, "unit_price": 1250},
        {"id": "2", "sku": "PEN", "quantity": 1, "unit_price": 150},
    ],
}


def registry(request: httpx.Request) -> Any:
    """What the registry answers: the simulation itself."""
    asked = SimulationAsked.model_validate_json(request.content)
    offers = [stated(draft.key, draft.version, draft.terms) for draft in asked.terms]
    return orjson.loads(simulate(Trial(offers, asked.facts, asked.at or NOW, asked.ordered)))


@pytest.fixture
def services() -> Services:
    made = Services()
    made.on("registry", "POST", "/v1/simulations", registry)
    return made


@pytest.fixture
def written(tmp_path: Path) -> Any:
    def write(name: str, *documents: Any) -> str:
        file = tmp_path / name
        file.write_bytes(b"\n".join(map(orjson.dumps, documents)))
        return str(file)

    return write


def unpadded(text: str) -> str:
    """Without trailing spaces, and the one digest of all channels as a word of its length."""
    whole = "".join(line.rstrip() + "\n" for line in text.splitlines())
    (digest,) = set(re.findall(r"\b[0-9a-f]{8}\b", whole))
    return whole.replace(digest, "DIGEST  ").replace("DIGEST  \n", "DIGEST\n")


DECIDED = """\

free-handset-upgrade, version 1
               Web        Store        Call centre  SMS
verdict        available  honour, fee  honour       refer, web
customer pays  0.00       5.00         0.00         0.00
instead of     130.00     130.00       130.00       130.00
terms          DIGEST     DIGEST       DIGEST       DIGEST
= Same terms in 4 of 4 channels.

Why
✓ free-handset-upgrade, version 1
└── ✓ all of these
    ├── ✓ line.tenure_months ≥ 12; is 44
    └── ✓ not this
        └── ✗ line.barred = true; is false
"""
QUOTED = """\

2 lines, USD
               Web        Store        Call centre  SMS
goods          26.50      26.50        26.50        26.50
discount       2.50       2.50         2.50         2.50
delivery       4.99       4.99         4.99         4.99
fee            0.00       1.00         0.00         0.00
customer pays  28.99      29.99        28.99        28.99
mugs           available  honour, fee  escalate     escalate
terms          DIGEST     DIGEST       DIGEST       DIGEST

Lines
line  gross  discount  net    by
1     25.00  2.50      22.50  mugs
2     1.50   0.00      1.50   –
+ 1 × SPOON by mugs
= Same terms in 4 of 4 channels.

Why
✓ mugs, version 1
├── ✓ all of these
│   ├── ✓ quantity of mugs ≥ 2; is 2
│   └── ✓ basket.subtotal from 10.00 USD to 900.00 USD; is 26.50 USD
├── ✓ line 1
│   └── ✓ all of these
│       ├── ✓ line_item.categories has one of mugs, cups; is mugs
│       └── ✓ not this
│           └── ✗ line_item.unit_price > 50.00 USD; is 12.50 USD
└── ✗ line 2: not among its products
"""


@pytest.mark.parametrize("columns", [80, 120])
def test_simulate_shows_what_each_channel_would_answer_and_why(services: Services, written: Any, columns: int) -> None:
    file = written("terms.json", {"key": "free-handset-upgrade", "terms": EXAMPLE})
    outcome = run(services, "offer", "simulate", file, "--facts", written("facts.json", FACTS), columns=columns)
    assert (unpadded(outcome.out), outcome.err, outcome.status) == (DECIDED, "", 0)


@pytest.mark.parametrize("columns", [80, 120])
def test_simulate_with_a_basket_shows_the_quote(services: Services, written: Any, columns: int) -> None:
    file, basket = written("mugs.json", MUGS), written("basket.json", BASKET)
    outcome = run(services, "offer", "simulate", file, "--basket", basket, columns=columns)
    assert (unpadded(outcome.out), outcome.err, outcome.status) == (QUOTED, "", 0)


def test_simulate_gives_a_plain_list_without_room(services: Services, written: Any) -> None:
    out = run(services, "offer", "simulate", written("mugs.json", MUGS), columns=79).out
    assert "verdict\n  Web: unknown\n" in out
    assert "? mugs, version 1: We need to know what is in the basket before we can say." in out
    assert "\n  ? all of these\n    ? quantity of mugs ≥ 2; is missing\n" in out


def test_simulate_says_no_with_1_and_why(services: Services, written: Any) -> None:
    facts = written("facts.json", FACTS | {"line.tenure_months": 11})
    outcome = run(services, "offer", "simulate", written("trial.json", EXAMPLE), "--facts", facts, columns=120)
    assert outcome.status == 1
    assert "✗ trial, version 1: This offer needs the months the line has been with us to be at least 12." in outcome.out


@pytest.mark.parametrize(
    ("basket", "codes", "status", "said"),
    [
        (BASKET, (), 0, "customer pays"),
        (BASKET, ("WINTER",), 1, "✗ WINTER: We do not know this code."),
        (BASKET | {"lines": BASKET["lines"][1:]}, (), 1, "Nothing in the basket is part of this offer."),
        (
            BASKET | {"lines": [BASKET["lines"][0] | {"quantity": 1}]},
            (),
            1,
            "~ mugs: One more of mugs, and you get this offer.",
        ),
    ],
)
def test_simulate_with_a_basket_is_a_yes_when_an_offer_applies_and_codes_help(
    services: Services, written: Any, basket: Any, codes: tuple[str, ...], status: int, said: str
) -> None:
    given = [part for code in codes for part in ("--code", code)]
    files = (written("mugs.json", MUGS), "--basket", written("basket.json", basket))
    outcome = run(services, "offer", "simulate", *files, *given, columns=120)
    assert (outcome.status, said in outcome.out) == (status, True)


def test_simulate_sends_what_it_was_given_and_no_more(services: Services, written: Any) -> None:
    names = ("--offer", "some-offer@3", "--offer", "other")
    lines = ({"key": "one", "terms": EXAMPLE}, {"ref": "7", "data": {"key": "two", "terms": EXAMPLE}}, EXAMPLE)
    options = ("--at", "2026-06-04T10:00:00Z", "--code", "SUMMER", "--basket", written("basket.json", BASKET))
    services.on("registry", "POST", "/v1/simulations", problem(422, "invalid", "No."))
    run(services, "offer", "simulate", written("Some Offers.ndjson", *lines), *names, *options)
    assert services.asked[-1][3] == {
        "terms": [
            {"key": "one", "terms": EXAMPLE},
            {"key": "two", "terms": EXAMPLE},
            {"key": "some-offers-3", "terms": EXAMPLE},
        ],
        "offers": ["some-offer@3", "other"],
        "basket": BASKET,
        "codes": ["SUMMER"],
        "at": "2026-06-04T10:00:00Z",
    }
    run(services, "offer", "simulate", "--offer", "other")
    assert services.asked[-1][3] == {"offers": ["other"]}


def test_simulate_prints_the_shape_of_the_api_with_json(services: Services, written: Any) -> None:
    file, facts = written("trial.json", EXAMPLE), written("facts.json", FACTS)
    outcome = run(services, "offer", "simulate", file, "--facts", facts, "--json")
    trial = Trial([stated("trial", 1, terms())], FACTS, NOW)
    assert orjson.loads(outcome.out) == orjson.loads(simulate(trial))
    assert outcome.status == 0


def test_simulate_tells_what_is_wrong_with_the_request(services: Services, written: Any) -> None:
    errors = [{"pointer": "/terms/0/terms/priority", "detail": "It is no integer."}]
    services.on("registry", "POST", "/v1/simulations", problem(422, "invalid", "It is not so.", errors=errors))
    outcome = run(services, "offer", "simulate", written("trial.json", EXAMPLE))
    assert (outcome.status, outcome.out) == (1, "")
    assert "/terms/0/terms/priority  It is no integer." in outcome.err


@pytest.mark.parametrize(
    ("status", "reason", "ends_with"),
    [(403, "role_missing", 6), (503, "not_up_to_bound", 4), (500, "internal_error", 70)],
)
def test_simulate_ends_as_every_command_does(
    services: Services, written: Any, status: int, reason: str, ends_with: int
) -> None:
    services.on("registry", "POST", "/v1/simulations", problem(status, reason, "No."))
    assert run(services, "offer", "simulate", written("trial.json", EXAMPLE)).status == ends_with


def test_simulate_ends_with_3_when_the_registry_is_away(services: Services, written: Any) -> None:
    services.down.add("registry")
    assert run(services, "offer", "simulate", written("trial.json", EXAMPLE)).status == 3


@pytest.mark.parametrize("content", ["{", '{"a": 1}\n{', "[1]", "3", '{"key": "a", "terms": {}, "more": 1}'])
def test_simulate_refuses_a_file_that_holds_no_terms_with_2(services: Services, tmp_path: Path, content: str) -> None:
    file = tmp_path / "terms.json"
    file.write_text(content)
    outcome = run(services, "offer", "simulate", str(file))
    assert (outcome.status, services.asked) == (2, [])
    assert outcome.err.splitlines()[-1].startswith("Next: ")


@pytest.mark.parametrize("option", ["--facts", "--basket"])
@pytest.mark.parametrize("content", ["{", "[]"])
def test_simulate_refuses_facts_and_baskets_that_are_no_objects_with_2(
    services: Services, written: Any, tmp_path: Path, option: str, content: str
) -> None:
    file = tmp_path / "given.json"
    file.write_text(content)
    assert run(services, "offer", "simulate", written("trial.json", EXAMPLE), option, str(file)).status == 2


@pytest.mark.parametrize("arguments", [(), ("nowhere.json",), ("--nonsense",)])
def test_simulate_refuses_what_makes_no_sense_with_2(services: Services, arguments: tuple[str, ...]) -> None:
    assert run(services, "offer", "simulate", *arguments).status == 2
    assert services.asked == []
