"""Every basket of the data quoted by the kernel, and a ledger of what was taken off by which offer."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from concord.cli.completejourney import mapping
from concord.cli.completejourney.baskets import Visit
from concord.cli.completejourney.standing import Standing
from concord.decision.question import Question, setting_at
from concord.decision.quote import Ordered, QuoteAnswer, quote
from concord.decision.quoting.price import Quote, QuotedLine, Share

CHANNEL: Final = "store_pos"  # where the data's baskets were bought; sums are the same in every channel
BASKET_COLUMNS: Final = ("basket", "household", "at", "lines", "gross", "discount", "reached")
SHARE_COLUMNS: Final = ("basket", "product", "campaign", "coupon", "promised", "discount")


def ask(visit: Visit, standing: Standing) -> QuoteAnswer:
    """The quote of a basket for its household at its instant, with all of its certificate."""
    view = standing.view(visit.household)
    household = None if view.household is None else view.household.id
    return quote(Question(household=household), Ordered(visit.asked()), view, setting_at(CHANNEL, visit.at))


@dataclass(slots=True)
class Ledger:
    """One row a basket, and one for each line that an offer took something off; amounts in cents.

    A basket is *reached* when an offer in its time has one of its lines in scope. A share is *promised* when the
    household held a promise of these terms; else it is open to everybody, since a coupon's terms ask for nothing.
    """

    _baskets: list[tuple[object, ...]] = field(default_factory=list)
    _shares: list[tuple[object, ...]] = field(default_factory=list)

    def enter(self, visit: Visit, priced: Quote) -> None:
        """Note a basket and its shares."""
        reached = bool(priced.applied or priced.idle)
        whole = (visit.household, visit.at, len(visit.lines), priced.gross, priced.discount, reached)
        self._baskets.append((visit.basket, *whole))
        for line in priced.lines:
            self._shares.extend((visit.basket, *_share(line, share)) for share in line.applied)

    @property
    def baskets(self) -> pd.DataFrame:
        """`BASKET_COLUMNS`, in the order entered."""
        return pd.DataFrame(self._baskets, columns=list(BASKET_COLUMNS))

    @property
    def shares(self) -> pd.DataFrame:
        """`SHARE_COLUMNS`, in the order entered."""
        return pd.DataFrame(self._shares, columns=list(SHARE_COLUMNS))


def _share(line: QuotedLine, share: Share) -> tuple[object, ...]:
    campaign, coupon = mapping.offer_of(share.candidate.key)
    return int(line.id), campaign, coupon, bool(share.candidate.promises), share.discount


def replay(visits: Iterable[Visit], standing: Standing, ledger: Ledger) -> Iterator[Visit]:
    """Quote each visit and enter it; gives each visit when it is done."""
    for visit in visits:
        ledger.enter(visit, ask(visit, standing).quote)
        yield visit
