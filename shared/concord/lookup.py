"""Look-up keys: what the log carries instead of numbers, addresses and names (architecture §3)."""

import hashlib
import hmac

import phonenumbers

from concord.errors import FieldError, Invalid


class NumberMalformed(Invalid):
    """That is not a telephone number with its country code."""

    reason = "number_malformed"
    next = "Send it as +12025550117."


def e164(number: str) -> str:
    """The number as `+12025550117`.

    Raises:
        NumberMalformed: it has no country code or cannot be a number.
    """
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException as error:
        raise NumberMalformed(errors=[FieldError("/number", "write it with + and the country code")]) from error
    if not phonenumbers.is_possible_number(parsed):
        raise NumberMalformed(errors=[FieldError("/number", "it has too few or too many digits")])
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


class LookupKey:
    """HMAC-SHA-256 under one key (`CONCORD_LOOKUP_KEY`), the same in the profile and every adapter; 32 digits of it.

    Half the digest (128 bits) keeps accidental equality out of reach and the records short.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def number(self, number: str) -> str:
        return self._digest("number", e164(number))

    def email(self, address: str) -> str:
        return self._digest("email", address.strip().lower())

    def name_and_postcode(self, name: str, postcode: str) -> str:
        folded = " ".join(name.casefold().split())
        return self._digest("name", f"{folded}|{postcode.strip().casefold()}")

    def other(self, address: str) -> str:
        """Of an endpoint that nobody is looked up by: a postal address, a device."""
        return self._digest("other", address.strip())

    def _digest(self, kind: str, text: str) -> str:
        return hmac.digest(self._key, f"{kind}:{text}".encode(), hashlib.sha256).hex()[:32]
