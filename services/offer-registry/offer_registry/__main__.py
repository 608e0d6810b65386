"""`python -m offer_registry`"""

from concord.web.server import read_settings, serve
from offer_registry.main import SERVICE, build
from offer_registry.settings import Settings


def main() -> None:
    settings = read_settings(Settings, SERVICE, required=["database_url"])
    serve(build(settings), settings.port("registry"))


if __name__ == "__main__":
    main()
