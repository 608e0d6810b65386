"""`python -m channel_adapters.call_center`."""

from channel_adapters.main import run

if __name__ == "__main__":
    run("call_center")
