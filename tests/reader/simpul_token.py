"""The tokens of docs/protocol.md, section 10, by which a hub shows another who it is, written from that page alone."""

import base64
import binascii

import simpul_log as log

MOST_BYTES = 2048
MOST_LIFE, MOST_SKEW = 120, 60
HEADER = {"alg": str, "typ": str}
CLAIMS = {"iss": str, "aud": str, "network": str, "iat": int, "exp": int, "jti": str}


def decode(text):
    """Reads base64url without padding, in its canonical form."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise log.NotProved(f"{text!r} is not base64url") from None
    log.require(encode(data) == text, f"{text!r} is not canonical base64url")
    return data


def encode(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def sign(header, claims, key):
    said = encode(header.encode()) + "." + encode(claims.encode())
    return said + "." + encode(key.sign(said.encode()).signature)


def read(part, what, types):
    """Reads an object whose names of these all stand in it, once."""
    try:
        text = decode(part).decode("utf-8")
    except UnicodeDecodeError:
        raise log.NotProved(f"{what} is no text") from None
    raw = log.read_object(text, what, types)
    for name in types:
        log.require(raw.get(name) is not None, f"{what} lacks {name}")
    return raw


def issuer(token, network, hub, now, keys):
    """The hub that made a token for this hub, if it counts now; `keys` are the open ones, with their hubs."""
    log.require(len(token) <= MOST_BYTES, f"the token has {len(token)} bytes")
    parts = token.split(".")
    log.require(len(parts) == 3, "the token has not three parts")
    log.require(read_header(parts[0]) == {"alg": "EdDSA", "typ": "JWT"}, "the header is another")
    claims = read(parts[1], "the claims", CLAIMS)
    log.require(claims["network"] == network, f"the token is of network {claims['network']}")
    log.require(claims["aud"] == hub, f"the token is for hub {claims['aud']}")
    log.require(log.HUB.fullmatch(claims["iss"]), f"{claims['iss']!r} is not a hub id")
    log.require(16 <= len(decode(claims["jti"])) <= 64, "the jti has not 16 to 64 bytes")
    said, signature = token.rpartition(".")[0].encode(), decode(parts[2])
    log.require(len(signature) == 64, "the signature has not 64 bytes")
    mine = [key for owner, key in keys if owner == claims["iss"]]
    log.require(any(log.verifies(key, said, signature) for key in mine), "no key in use signed the token")
    log.require(1 <= claims["exp"] - claims["iat"] <= MOST_LIFE, "the token counts for too long, or for no time")
    log.require(claims["iat"] - now <= MOST_SKEW, "the token was made in the future")
    log.require(now - claims["exp"] <= MOST_SKEW, "the token is over")
    return claims["iss"]


def read_header(part):
    """The header has these two names and no other."""
    raw = log.read_object(decode(part).decode("utf-8", "replace"), "the header", HEADER)
    names = log.json.loads(decode(part))
    return raw if set(names) == set(HEADER) else names
