"""terms §3, Rounding and Allocation: to the cent, and the parts always make the whole."""

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from concord import money
from concord.money import Money, allocate, divide_half_even, share

amounts = st.integers(0, money.MOST)


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**6))
def test_division_rounds_half_even_as_decimal_does(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    quotient = divide_half_even(numerator, denominator)
    assert abs(exact - quotient) <= Fraction(1, 2)
    if abs(exact - quotient) == Fraction(1, 2):
        assert quotient % 2 == 0


@pytest.mark.parametrize(
    ("amount", "basis_points", "expected"),
    [
        (25, 1000, 2),  # 2.5 to the even 2
        (35, 1000, 4),  # 3.5 to the even 4
        (45, 1000, 4),
        (999, 3333, 333),
        (13000, 10_000, 13000),
        (13000, 0, 0),
        (1, 5000, 0),  # 0.5 to 0
        (3, 5000, 2),  # 1.5 to 2
    ],
)
def test_share_rounds_half_even(amount: int, basis_points: int, expected: int) -> None:
    assert share(amount, basis_points) == expected


@given(amounts, st.integers(0, 10_000))
def test_share_agrees_with_decimal_arithmetic(amount: int, basis_points: int) -> None:
    exact = Decimal(amount) * Decimal(basis_points) / Decimal(10_000)
    assert share(amount, basis_points) == int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    assert 0 <= share(amount, basis_points) <= amount


weights = st.lists(st.integers(0, 10**9), min_size=1, max_size=30)


@given(amounts, weights)
def test_allocation_always_sums_to_the_amount(amount: int, parts: list[int]) -> None:
    assert sum(allocate(amount, parts)) == amount


@given(amounts, weights.filter(any))
def test_allocation_is_within_one_unit_of_proportional(amount: int, parts: list[int]) -> None:
    total = sum(parts)
    for given_part, weight in zip(allocate(amount, parts), parts, strict=True):
        assert abs(given_part - Fraction(amount * weight, total)) < 1


@given(weights.filter(any), st.data())
def test_allocation_never_exceeds_a_line_when_the_amount_does_not_exceed_the_total(
    parts: list[int], data: st.DataObject
) -> None:
    amount = data.draw(st.integers(0, sum(parts)))
    assert all(given_part <= weight for given_part, weight in zip(allocate(amount, parts), parts, strict=True))


def test_allocation_gives_odd_units_to_the_largest_remainder_then_to_the_earlier_line() -> None:
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert allocate(10, [3, 3, 4]) == [3, 3, 4]
    assert allocate(7, [50, 30, 20]) == [4, 2, 1]  # remainders .5 .1 .4
    assert allocate(2, [1, 1, 1, 1]) == [1, 1, 0, 0]


def test_allocation_without_weights_gives_all_to_the_first() -> None:
    assert allocate(5, [0, 0]) == [5, 0]
    assert allocate(0, []) == []


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [(13000, "USD", "130.00"), (5, "EUR", "0.05"), (130, "JPY", "130"), (1234, "KWD", "1.234"), (0, "USD", "0.00")],
)
def test_plain_text_has_the_digits_of_the_currency(amount: int, currency: str, text: str) -> None:
    assert money.plain(Money(amount=amount, currency=currency)) == text


@given(amounts, st.sampled_from(["USD", "JPY", "KWD", "EUR", "ISK"]))
def test_plain_text_reads_back_to_the_amount(amount: int, currency: str) -> None:
    text = money.plain(Money(amount=amount, currency=currency))
    assert int(Decimal(text).scaleb(money.decimals(currency))) == amount


@pytest.mark.parametrize("amount", [True, 1.0, "1", -1, money.MOST + 1, None])
def test_money_refuses_what_is_no_amount(amount: object) -> None:
    with pytest.raises(ValidationError):
        Money.model_validate({"amount": amount, "currency": "USD"})


@pytest.mark.parametrize("currency", ["usd", "US", "USDX", "", None, 1])
def test_money_refuses_what_is_no_currency(currency: object) -> None:
    with pytest.raises(ValidationError):
        Money.model_validate({"amount": 1, "currency": currency})


def test_money_refuses_unknown_fields() -> None:
    with pytest.raises(ValidationError):
        Money.model_validate({"amount": 1, "currency": "USD", "cents": 1})
