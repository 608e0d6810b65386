"""`python -m customer_profile` serves on port base + 200."""

from concord.web.server import read_settings, serve
from customer_profile.main import SERVICE, build
from customer_profile.settings import ProfileSettings

if __name__ == "__main__":
    settings = read_settings(ProfileSettings, SERVICE, required=["database_url"])
    serve(build(settings), settings.port("profile"))
