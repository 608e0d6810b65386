"""Promise codes: nine random symbols and a check symbol, read aloud as `K7M2-9QX4-TB` (api §1)."""

from concord.errors import Invalid
from concord.ids import Randomness

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U
LENGTH = 10
_FOLD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


class CodeMalformed(Invalid):
    """That is not a promise code: a letter is wrong, missing or swapped with its neighbour."""

    reason = "code_malformed"
    next = "Ask for the code again, letter by letter; it has ten, as in K7M2-9QX4-TB."


def new(randomness: Randomness) -> str:
    """A new code without dashes."""
    drawn = randomness.bits(45)
    symbols = [drawn >> shift & 31 for shift in range(40, -1, -5)]
    symbols.append(check_symbol(symbols))
    return "".join([ALPHABET[symbol] for symbol in symbols])


def check_symbol(symbols: list[int]) -> int:
    """The sum of αⁱ·vᵢ, i from 1, in GF(2⁵) over x⁵+x²+1 with α = 2.

    Nine distinct non-zero factors: any single error and any swap of two neighbours changes the sum.
    """
    total = 0
    for products, symbol in zip(_PRODUCTS, symbols, strict=True):
        total ^= products[symbol]
    return total


def _times_alpha(symbol: int, power: int) -> int:
    for _ in range(power):
        symbol <<= 1
        if symbol & 0b100000:
            symbol ^= 0b100101
    return symbol


_PRODUCTS = [[_times_alpha(symbol, place) for symbol in range(32)] for place in range(1, LENGTH)]  # αⁱ·v for each v


def fold(text: str) -> str:
    """The code as stored, from any case, with or without dashes, O for 0, I or L for 1.

    Raises:
        CodeMalformed: wrong length, a symbol outside the alphabet, or the check symbol disagrees.
    """
    code = text.upper().translate(_FOLD)
    if len(code) != LENGTH or any(symbol not in ALPHABET for symbol in code):
        raise CodeMalformed
    symbols = [ALPHABET.index(symbol) for symbol in code]
    if check_symbol(symbols[:-1]) != symbols[-1]:
        raise CodeMalformed
    return code


def shown(code: str) -> str:
    """`K7M2-9QX4-TB`."""
    return f"{code[:4]}-{code[4:8]}-{code[8:]}"
