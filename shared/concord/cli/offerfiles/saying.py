"""What is said about offers in files: what they lack, and what became of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

from concord.cli.offerfiles.checking import Checked
from concord.cli.offerfiles.taking import Outcome, What
from concord.cli.screen import Screen
from concord.errors import FieldError

SHOWN: Final = 20  # offers told one by one; --json tells all
NOTHING: Final = "Nothing was imported."


def finding(checked: Checked) -> dict[str, Any]:
    """An offer's findings for `--json`."""
    return {
        "place": checked.written.place,
        "key": checked.written.key,
        "content_hash": checked.terms.content_hash() if checked.terms else None,
        "errors": [error(each) for each in checked.errors],
    }


def error(found: FieldError) -> dict[str, Any]:
    return {"pointer": found.pointer, "detail": found.detail, "reason": found.reason}


def show_findings(screen: Screen, checked: Sequence[Checked]) -> None:
    """Each offer that lacks something, with everything it lacks."""
    for each in checked:
        if each.errors:
            things = "1 thing is" if len(each.errors) == 1 else f"{len(each.errors)} things are"
            screen.say(f"✗ {each.name}: {things} missing or wrong.")
            show_errors(screen, [error(found) for found in each.errors])


def show_errors(screen: Screen, errors: Sequence[Mapping[str, Any]]) -> None:
    for each in errors:
        pointer = each.get("pointer")
        screen.say(f"  {pointer:<24} {each.get('detail', '')}" if pointer else f"  {each.get('detail', '')}")


def problem(checked: Sequence[Checked]) -> dict[str, Any]:
    """Why nothing was imported, as one problem."""
    errors = [error(found) | {"place": each.written.place} for each in checked for found in each.errors]
    return {"type": "about:blank", "reason": "terms_invalid", "detail": NOTHING, "errors": errors}


def report(outcomes: Sequence[Outcome], jobs: Sequence[str]) -> dict[str, Any]:
    """What became of offers for `--json`."""
    items = [
        {
            "key": outcome.key,
            "outcome": outcome.what,
            "version": outcome.version,
            "lifecycle": outcome.lifecycle,
            "detail": outcome.sentence,
            "errors": list(outcome.errors),
        }
        for outcome in outcomes
    ]
    counts = Counter(outcome.what for outcome in outcomes)
    return {"items": items, "next": None} | {name: counts[name] for name in get_args(What)} | {"jobs": list(jobs)}


def show_outcomes(screen: Screen, outcomes: Sequence[Outcome]) -> None:
    """What is new, and what was refused and why."""
    new = [outcome for outcome in outcomes if outcome.what in {"created", "added"}]
    if new:
        rows = [[each.key, str(each.version), (each.lifecycle or "").replace("_", " ")] for each in new[:SHOWN]]
        screen.rows(["offer", "version", "lifecycle"], rows)
    if len(new) > SHOWN:
        screen.say(f"… and {len(new) - SHOWN:,} more.")
    for outcome in outcomes:
        if outcome.what == "refused":
            made = f" (draft {outcome.version} is kept)" if outcome.version else ""
            screen.say(f"✗ {outcome.key}: {outcome.sentence}{made}")
            show_errors(screen, outcome.errors)


def sentence(outcomes: Sequence[Outcome], *, dry_run: bool) -> str:
    counts = Counter(outcome.what for outcome in outcomes)
    created, added, unchanged, refused = (f"{counts[name]:,}" for name in get_args(What))
    if dry_run:
        return f"Would create {created}, add drafts to {added}, leave {unchanged} as they are. Nothing was done."
    return f"Created {created}, new drafts {added}, unchanged {unchanged}, refused {refused}."


def counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
