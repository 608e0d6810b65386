"""The report on the real baskets: a page of plain text with three pictures (`make baskets`)."""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from statistics import correlation
from typing import Final

from concord.cli.completejourney import plots
from concord.cli.completejourney.figures import Figures, Kind, Source
from concord.cli.completejourney.plots import Panel
from concord.money import Money, plain

PICTURES: Final = "../pictures"  # from the page
TEMPLATE: Final = "page.md"


def write(figures: Figures, page: Path) -> list[Path]:
    """Write the page and, in `../pictures` beside it, what it shows; gives the files."""
    folder = (page.parent / PICTURES).resolve()
    for needed in (folder, page.parent):
        needed.mkdir(parents=True, exist_ok=True)
    files = {folder / name: picture for name, picture in pictures(figures).items()} | {page: text(figures)}
    for path, content in files.items():
        path.write_text(content, encoding="utf-8")
    return list(files)


def pictures(of: Figures) -> Mapping[str, str]:
    """The pictures by file name."""
    return {
        "real-baskets-weeks.svg": _weeks(of),
        "real-baskets-types.svg": _types(of),
        "real-baskets-coupons.svg": plots.beside_each_other(
            "USD of coupon discounts in the data", {each.name: {"USD": each.amount / 100} for each in of.sources}, 340
        ),
    }


def _weeks(of: Figures) -> str:
    money = {
        "promises, in every basket": [week.promised / 100 for week in of.weeks],
        "promises, first basket only": [week.once / 100 for week in of.weeks],
        "the data: coupon_disc": [week.coupons / 100 for week in of.weeks],
    }
    numbers = {
        "promises used for the first time": [week.used for week in of.weeks],
        "the data: coupons redeemed": [week.redemptions for week in of.weeks],
    }
    panels = [Panel("USD taken off a week", money), Panel("Coupons a week", numbers)]
    return plots.over_weeks([week.begins for week in of.weeks], panels)


def _types(of: Figures) -> str:
    groups = {
        f"type {kind.name}": {
            "promises, in every basket": kind.promised / 100,
            "promises, first basket only": kind.once / 100,
            "the data: coupon_disc where redeemed": kind.redeemed / 100,
        }
        for kind in of.kinds
    }
    return plots.beside_each_other("USD taken off, by type of campaign", groups, 80)


def text(of: Figures) -> str:
    """The page."""
    redeemed, first = of.redeemed, of.sources[0]
    return (
        (resources.files(__package__) / TEMPLATE)
        .read_text(encoding="utf-8")
        .format(
            **_counts(of),
            **{name: usd(getattr(of, name)) for name in ("gross", "saved", "promised", "once", "coupons", "match")},
            open=usd(of.saved - of.promised),
            saved_share=percent(of.saved, of.gross),
            reached_share=percent(of.reached, of.quoted),
            promise_share=percent(of.reached_by_promise, of.quoted),
            used_share=percent(of.used, of.promises),
            stacked_share=percent(of.stacked, of.lines_saved),
            both_lines=f"{first.lines:,}",
            both_share=percent(first.amount, of.coupons),
            alone=usd(of.sources[-1].amount),
            other=usd(sum(each.amount for each in of.sources[1:])),
            sources="\n".join(map(_source, of.sources)),
            kinds="\n".join(map(_kind, of.kinds)),
            redeemed_number=f"{redeemed.number:,}",
            redeemed_share=percent(redeemed.number, of.promises),
            with_basket=f"{redeemed.with_basket:,}",
            with_product=f"{redeemed.with_product:,}",
            without_product=f"{redeemed.number - redeemed.with_product:,}",
            with_coupon=f"{redeemed.with_coupon:,}",
            quoted_redemptions=f"{redeemed.quoted:,}",
            missed=f"{redeemed.with_product - redeemed.quoted:,}",
            late=f"{redeemed.late:,}",
            free=f"{redeemed.free:,}",
            used_alike=_alike([week.used for week in of.weeks], [week.redemptions for week in of.weeks]),
            money_alike=_alike([week.promised for week in of.weeks], [week.coupons for week in of.weeks]),
            redeemed_ours=usd(redeemed.amount),
            redeemed_theirs=usd(redeemed.coupons),
            redeemed_match=usd(redeemed.match),
        )
    )


def _counts(of: Figures) -> dict[str, str]:
    names = ("baskets", "quoted", "lines", "left_out", "reached", "reached_by_promise", "stacked", "lines_saved")
    numbers = {name: getattr(of, name) for name in (*names, "promises", "used", "uses", "offers", "unpriced")}
    numbers |= {"empty": of.baskets - of.quoted, "priced": of.offers - of.unpriced}
    return {name: f"{number:,}" for name, number in numbers.items()}


def _alike(ours: list[int], theirs: list[int]) -> str:
    """Pearson's correlation over the weeks."""
    return f"{correlation(ours, theirs):.2f}"


def _source(source: Source) -> str:
    return f"| {source.name} | {source.lines:,} | {usd(source.amount)} |"


def _kind(kind: Kind) -> str:
    numbers = (kind.offers, kind.promises, kind.used, kind.redemptions)
    amounts = (kind.promised, kind.once, kind.redeemed, kind.open)
    cells = [*(f"{number:,}" for number in numbers), *map(usd, amounts)]
    return f"| {kind.name} | {' | '.join(cells)} |"


def usd(cents: int) -> str:
    """`25,095.02`."""
    whole, _, part = plain(Money(amount=cents, currency="USD")).partition(".")
    return f"{int(whole):,}.{part}"


def percent(part: int, whole: int) -> str:
    """`39 %`, below ten with one digit more."""
    share = 100 * part / whole if whole else 0.0
    return f"{share:.0f} %" if share >= 10 else f"{share:.1f} %"
