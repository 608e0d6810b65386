"""Signing keys: the issuer's own, kept in a file, and the public ones a verifier fetched.

The algorithm is EdDSA over Ed25519 (RFC 8037). RFC 9864 renames it `Ed25519`; both names are accepted, `EdDSA` is
issued because more readers know it.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry

from concord.signin.errors import SigningKeyUnreadable

ALGORITHMS: Final = ("EdDSA", "Ed25519")
TYPE: Final = "at+jwt"  # RFC 9068
MOST_KEYS: Final = 50


class _Registry(JWSRegistry):
    """joserfc's, without the warning about the name `EdDSA`: the curve is pinned by the key here."""

    def get_alg(self, name: str) -> Any:
        return self.algorithms[name if name in ALGORITHMS else "none of ours"]


REGISTRY: Final = _Registry(algorithms=ALGORITHMS)


class SigningKey:
    """The issuer's private key."""

    def __init__(self, key: OKPKey) -> None:
        self._key = key
        self.kid: Final = key.thumbprint()

    @classmethod
    def new(cls) -> "SigningKey":
        return cls(OKPKey.generate_key("Ed25519"))

    @classmethod
    def kept_in(cls, path: Path) -> "SigningKey":
        """The key of the file, made when there is none; tokens outlive a restart. Raises SigningKeyUnreadable."""
        if not path.exists():
            cls.new().write(path)
        try:
            return cls(OKPKey.import_key(orjson.loads(path.read_bytes())))
        except (ValueError, JoseError) as error:
            raise SigningKeyUnreadable(f"{path.name} holds no Ed25519 key.") from error

    def write(self, path: Path) -> None:
        """Readable by its owner alone. Two processes starting at once agree on the first to finish."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}")
        part.touch(0o600)
        part.write_bytes(orjson.dumps(self._key.as_dict(private=True)))
        with suppress(FileExistsError):
            path.hardlink_to(part)
        part.unlink()

    def public_set(self) -> dict[str, Any]:
        """The JWKS (RFC 7517)."""
        public = self._key.as_dict(private=False)
        return {"keys": [{**public, "kid": self.kid, "use": "sig", "alg": ALGORITHMS[0]}]}

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A compact JWS of the claims."""
        header = {"alg": ALGORITHMS[0], "typ": TYPE, "kid": self.kid}
        return jws.serialize_compact(header, orjson.dumps(claims), self._key, registry=REGISTRY)


def public_keys(document: Any) -> dict[str, OKPKey]:
    """The usable keys of a JWKS by kid: Ed25519, for signatures. Raises ValueError when it is no JWKS or has none."""
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise ValueError("no JWKS")
    found = {key["kid"]: OKPKey.import_key(_public_part(key)) for key in listed if _usable(key)}
    if not found:
        raise ValueError("no usable key")
    return found


def _usable(key: Any) -> bool:
    return (
        isinstance(key, dict)
        and (key.get("kty"), key.get("crv")) == ("OKP", "Ed25519")
        and key.get("use", "sig") == "sig"
        and isinstance(key.get("kid"), str)
        and isinstance(key.get("x"), str)
    )


def _public_part(key: Mapping[str, Any]) -> dict[str, str | list[str]]:
    return {name: key[name] for name in ("kty", "crv", "x")}
