"""`python -m channel_adapters.web`."""

from channel_adapters.main import run

if __name__ == "__main__":
    run("web")
