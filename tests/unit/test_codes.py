"""Promise codes: every single wrong symbol and every swap of neighbours is found (api §1)."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concord import codes
from concord.codes import ALPHABET, LENGTH, CodeMalformed, check_symbol, fold, shown
from concord.testkit.ids import SeededRandomness

payloads = st.lists(st.integers(0, 31), min_size=LENGTH - 1, max_size=LENGTH - 1)


def whole(payload: list[int]) -> list[int]:
    return [*payload, check_symbol(payload)]


def is_valid(symbols: list[int]) -> bool:
    return check_symbol(symbols[:-1]) == symbols[-1]


def test_every_single_error_is_found() -> None:
    """The check is linear over GF(2⁵): what holds for differences from one code holds for all of them."""
    code = whole([0] * (LENGTH - 1))
    for position in range(LENGTH):
        for wrong in range(1, 32):
            assert not is_valid([*code[:position], wrong, *code[position + 1 :]])


def test_every_swap_of_different_neighbours_is_found() -> None:
    """A swap of v and w changes the sum by (αⁱ + αⁱ⁺¹)·(v + w): it is enough that this is never zero."""
    for position in range(LENGTH - 1):
        for difference in range(1, 32):
            code = whole([0] * (LENGTH - 1))
            # symbols 0 and `difference` in a valid code, swapped: the change is that of adding the difference to both
            changed = code.copy()
            changed[position] ^= difference
            changed[position + 1] ^= difference
            assert not is_valid(changed)


@given(payloads, st.integers(0, LENGTH - 1), st.integers(1, 31))
def test_any_code_finds_any_single_error(payload: list[int], position: int, difference: int) -> None:
    code = whole(payload)
    code[position] ^= difference
    assert not is_valid(code)


@given(payloads)
def test_any_code_finds_any_swap(payload: list[int]) -> None:
    code = whole(payload)
    for position, (left, right) in enumerate(pairwise(code)):
        swapped = [*code[:position], right, left, *code[position + 2 :]]
        assert is_valid(swapped) == (left == right)


@given(payloads)
def test_folding_undoes_how_people_write(payload: list[int]) -> None:
    code = "".join(ALPHABET[symbol] for symbol in whole(payload))
    assert fold(shown(code)) == code
    assert fold(code.lower()) == code
    assert fold(code.replace("0", "o").replace("1", "l")) == code
    assert fold(code.replace("1", "I").replace("0", "O")) == code
    assert fold(" ".join(code)) == code


@pytest.mark.parametrize(
    "text",
    ["", "K7M2", "K7M2-9QX4-TBB", "U7M2-9QX4-TB", "K7M2_9QX4_TB", "K7M29QX4T\u0130", "🎁" * 10, "ß" * 5, "0" * 1000],
)
def test_what_is_no_code_is_malformed(text: str) -> None:
    with pytest.raises(CodeMalformed) as refused:
        fold(text)
    assert (refused.value.reason, refused.value.status) == ("code_malformed", 422)


def test_codes_of_the_document_are_shown_in_groups() -> None:
    assert shown("K7M29QX4TB") == "K7M2-9QX4-TB"


def test_new_codes_are_valid_and_use_all_their_bits() -> None:
    randomness = SeededRandomness(7)
    made = [codes.new(randomness) for _ in range(2_000)]
    assert all(fold(code) == code for code in made)
    assert len(set(made)) == len(made)
    for position in range(LENGTH):
        assert {code[position] for code in made} == set(ALPHABET)


def test_check_symbol_is_the_stated_polynomial() -> None:
    """Computed again with a table of powers of α = 2 in GF(2⁵), x⁵ + x² + 1."""
    powers = [1]
    for _ in range(30):
        raised = powers[-1] << 1
        powers.append(raised ^ 0b100101 if raised & 32 else raised)
    logarithm = {value: power for power, value in enumerate(powers)}
    for _ in range(200):
        payload = [random.randrange(32) for _ in range(LENGTH - 1)]
        total = 0
        for position, symbol in enumerate(payload, start=1):
            if symbol:
                total ^= powers[(logarithm[symbol] + position) % 31]
        assert check_symbol(payload) == total
