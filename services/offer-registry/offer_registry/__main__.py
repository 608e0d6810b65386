"""`python -m offer_registry`"""

from concord.web.server import serve
from offer_registry.main import build
from offer_registry.settings import Settings


def main() -> None:
    settings = Settings()
    serve(build(settings), settings.port("registry"))


if __name__ == "__main__":
    main()
