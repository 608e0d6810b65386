"""The arguments and options that say which offer or customer is meant."""

from collections.abc import Mapping
from typing import Annotated

import typer

from concord.cli import completion
from concord.cli.errors import Misused
from concord.cli.session import Session

Offer = Annotated[str, typer.Argument(help="Key or id of the offer.", autocompletion=completion.offers)]
Offers = Annotated[
    list[str] | None,
    typer.Argument(metavar="KEY…", help="Keys or ids of offers.", autocompletion=completion.offers, show_default=False),
]
Party = Annotated[str | None, typer.Option(help="By party id.")]
Number = Annotated[str | None, typer.Option(help="By telephone number; - asks for it.")]
Code = Annotated[str | None, typer.Option(help="By promise code; - asks for it.")]
Email = Annotated[str | None, typer.Option(help="By e-mail address; - asks for it.")]
Household = Annotated[str | None, typer.Option(help="By household id.")]
Line = Annotated[str | None, typer.Option(help="By line id.")]

_ASKED_FOR = {"number": "Number", "code": "Code", "email": "E-mail address"}


def customer(current: Session, names: Mapping[str, str | None], *, needed: bool = False) -> dict[str, str]:
    """The one name that was given, with `-` replaced by what is typed in.

    Raises:
        Misused: several were given, or none where one is needed.
    """
    given = {name: value for name, value in names.items() if value is not None}
    if len(given) > 1:
        raise Misused(f"The customer is named by {' and by '.join(given)}.", next="Leave all but one of them out.")
    if needed and not given:
        raise Misused("No customer is named.", next=f"Name one by {', '.join('--' + name for name in names)}.")
    return {name: current.typed(value, _ASKED_FOR.get(name, name)) for name, value in given.items()}
