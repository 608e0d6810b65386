"""`python -m channel_adapters.store_pos`."""

from channel_adapters.main import run

if __name__ == "__main__":
    run("store_pos")
