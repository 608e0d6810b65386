"""A channel as an argument of a command."""

from enum import StrEnum


class Channel(StrEnum):
    """Where it is asked."""

    WEB = "web"
    STORE_POS = "store_pos"
    CALL_CENTER = "call_center"
    SMS = "sms"
