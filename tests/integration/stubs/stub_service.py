"""Stands for a service: ready at once, or ends with a word, as its environment says."""

import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from concord import ports


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
        pass


def say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def main() -> None:
    name = os.environ["CONCORD_CLIENT_ID"]
    say(f"{name} is starting")
    if name in os.environ.get("STUBS_THAT_FAIL", "").split(","):
        say("no such setting: CONCORD_MOON")
        sys.exit(3)
    HTTPServer(("127.0.0.1", ports.port(name, int(os.environ["CONCORD_PORT_BASE"]))), Ready).serve_forever()


if __name__ == "__main__":
    main()
