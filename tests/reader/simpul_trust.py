"""Section 9 of docs/protocol.md: members, and which keys may sign for a hub, written from that page alone."""

import json
import re
import unicodedata
from dataclasses import dataclass

import simpul_log as log

BODY = {"hub": str, "name": str, "region": str, "endpoints": list, "keys": list, "status": str}
KEY = {"key": str, "from": int, "fromEpoch": int, "until": int, "untilEpoch": int}
STATUSES = ("ACTIVE", "SUSPENDED", "REVOKED")
REGION = re.compile(r"[0-9]{2}(\.[0-9]{2})?")
ENDPOINT = re.compile(r"https://[^?#\s]+|http://(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?(/[^?#\s]*)?")
TURNS_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
MOST_KEYS = 8
MOST_ENDPOINTS = 4
MOST_SIZE = 2**63 - 1


@dataclass
class Member:
    hub: str
    keys: list[log.TrustedKey]
    status: str


def read_membership(text):
    """Reads a membership's body, or says which rule it breaks."""
    raw = log.read_object(text, "the body", BODY)
    for key in ("hub", "name", "keys", "status"):
        log.require(raw.get(key) is not None, f"the body lacks {key}")
    log.require(log.HUB.fullmatch(raw["hub"]), f"{raw['hub']!r} is not a hub id")
    check_name(raw["name"].strip())
    log.require(raw.get("region") is None or REGION.fullmatch(raw["region"]), "the region is not a code")
    check_endpoints(raw.get("endpoints", []))
    log.require(1 <= len(raw["keys"]) <= MOST_KEYS, f"the member has {len(raw['keys'])} keys")
    log.require(raw["status"].strip(), "the status is empty")
    status = raw["status"] if raw["status"] in STATUSES else "SUSPENDED"
    return Member(raw["hub"], [read_key(pairs) for pairs in raw["keys"]], status)


def check_name(name):
    log.require(3 <= len(name) <= 200, f"the name has {len(name)} characters")
    for letter in name:
        refused = unicodedata.category(letter) in ("Cc", "Zl", "Zp") or TURNS_DIRECTION.match(letter)
        log.require(not refused, f"the name has the character {letter!r}")


def check_endpoints(endpoints):
    log.require(endpoints is not None, "the endpoints are null")
    log.require(len(endpoints) <= MOST_ENDPOINTS, f"the member has {len(endpoints)} endpoints")
    for endpoint in endpoints:
        fits = isinstance(endpoint, str) and ENDPOINT.fullmatch(endpoint)
        log.require(fits, f"{endpoint!r} is not the address of a hub")


def read_key(pairs):
    raw = log.known_keys(pairs, "the key", KEY)
    log.require(raw.get("key") is not None, "a key of the member has no key")
    begin, until = raw.get("from", 0), raw.get("until")
    first, last = raw.get("fromEpoch"), raw.get("untilEpoch")
    log.require(log.whole(begin, 0, MOST_SIZE), f"{begin!r} is not a size")
    for epoch in (first, last):
        log.require(epoch is None or log.whole(epoch, 0, MOST_SIZE), f"{epoch!r} is not an epoch")
    log.require(last is None or until is not None, "the key has an epoch in which it ends, and no size")
    if first is None or last is None or first == last:
        log.require(until is None or log.whole(until, begin, MOST_SIZE), f"{until!r} is not a size from {begin} on")
    else:
        log.require(log.whole(until, 0, MOST_SIZE), f"{until!r} is not a size")
        log.require(first < last, f"epoch {last} is before {first}")
    return log.TrustedKey(log.public_key(raw["key"]), begin, until, first, last)


def named_in(text):
    """The hub that a body names, also one that breaks the rules otherwise."""
    try:
        hub = json.loads(text).get("hub")
    except (ValueError, AttributeError):
        return set()
    return {hub} if isinstance(hub, str) and log.HUB.fullmatch(hub) else set()


class Trust:
    """Which keys count, from what the authority says in the order of its log, and from what the operator wrote down."""

    def __init__(self, authority, memberships, pins, denied):
        self.authority, self.pins, self.denied = authority, pins, denied
        self.members, self.named = {}, set()
        for body in memberships:
            try:
                member = read_membership(body)
            except log.NotProved:
                self.named |= named_in(body)
                continue
            self.members[member.hub] = member

    def keys(self, hub):
        if hub in self.denied:
            return []
        pinned = [log.TrustedKey(key) for pinned_hub, key in self.pins if pinned_hub == hub]
        member = self.members.get(hub)
        if hub == self.authority:
            return pinned + (member.keys if member and (member.status == "ACTIVE" or pinned) else [])
        if member is None:
            return [] if hub in self.named else pinned
        return member.keys if member.status == "ACTIVE" else []

    def may_sign(self, hub, epoch, size, key):
        return any(each.key == key and each.counts_at(epoch, size) for each in self.keys(hub))
