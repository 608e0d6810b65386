"""`python -m customer_profile` serves on port base + 200."""

from concord.web.server import serve
from customer_profile.main import build
from customer_profile.settings import ProfileSettings

if __name__ == "__main__":
    settings = ProfileSettings()
    serve(build(settings), settings.port("profile"))
