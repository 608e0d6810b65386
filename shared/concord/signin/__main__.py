"""`python -m concord.signin`: the local issuer on its port (base + 400)."""

from concord.clock import SystemClock
from concord.ids import SystemRandomness
from concord.signin import issuer
from concord.web.server import read_settings, serve


def main() -> None:
    settings = read_settings(issuer.IssuerSettings, issuer.SERVICE)
    serve(issuer.build(settings, SystemClock(), SystemRandomness()), settings.port("issuer"))


if __name__ == "__main__":
    main()
