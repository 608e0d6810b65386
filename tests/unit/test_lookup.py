"""Look-up keys: what people write differently finds the same household, and nothing can be read back."""

import pytest

from concord.lookup import LookupKey, NumberMalformed, e164

KEY = LookupKey(b"k" * 32)


@pytest.mark.parametrize("number", ["+12025550117", "+1 202 555 0117", "+1 (202) 555-0117", " +1.202.555.0117 "])
def test_a_number_is_found_however_it_is_written(number: str) -> None:
    assert e164(number) == "+12025550117"
    assert KEY.number(number) == KEY.number("+12025550117")


@pytest.mark.parametrize(
    "number", ["2025550117", "", "+", "abc", "+1202555", "+12025550117" * 5, "+1\x00202", "+" + "9" * 400]
)
def test_what_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(NumberMalformed):
        KEY.number(number)


def test_an_address_is_found_in_any_case() -> None:
    assert KEY.email(" Linda@Example.COM ") == KEY.email("linda@example.com")


def test_a_name_is_found_in_any_case_and_spacing() -> None:
    assert KEY.name_and_postcode("Linda  EXAMPLE ", " 20001") == KEY.name_and_postcode("linda example", "20001 ")
    assert KEY.name_and_postcode("Straße", "1") == KEY.name_and_postcode("STRASSE", "1")


def test_kinds_and_keys_do_not_meet() -> None:
    assert KEY.email("+12025550117") != KEY.number("+12025550117")
    assert LookupKey(b"other").number("+12025550117") != KEY.number("+12025550117")
    assert len(KEY.number("+12025550117")) == 32
