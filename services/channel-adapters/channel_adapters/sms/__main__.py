"""`python -m channel_adapters.sms`."""

from channel_adapters.main import run

if __name__ == "__main__":
    run("sms")
