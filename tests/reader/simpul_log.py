"""The computations of docs/protocol.md, sections 2 to 8, written from that page alone."""

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime

from nacl.bindings import crypto_core_ed25519_is_valid_point
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

MOST_HEADER_BYTES = 1024
MOST_PAYLOAD_BYTES = 256 * 1024
MOST_NOTE_BYTES = 16 * 1024
MOST_PROOF_HASHES = 128
MOST_PAGE_ENTRIES = 1000

NETWORK = re.compile(r"[a-z0-9-]{2,32}")
HUB = re.compile(r"[a-z0-9][a-z0-9.-]{1,62}")
KIND = re.compile(r"[a-z][a-z0-9_-]{0,31}")
NUMBER = re.compile(r"0|[1-9][0-9]*")
RECORD = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
REASONS = ("withdrawn", "merged", "erasure", "error")


class NotProved(Exception):
    """Says in a sentence why something proves nothing."""


def require(condition, why):
    if not condition:
        raise NotProved(why)


# Section 2: base64, numbers, keys.


def decode(text, length=None):
    """Reads standard base64 in its canonical form."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NotProved(f"{text!r} is not base64") from None
    require(base64.b64encode(data).decode() == text, f"{text!r} is not canonical base64")
    require(length in (None, len(data)), f"{text!r} is not the base64 of {length} bytes")
    return data


def encode(data):
    return base64.b64encode(data).decode()


def sha256(data):
    return hashlib.sha256(data).digest()


def number(text, most=2**63 - 1):
    require(NUMBER.fullmatch(text), f"{text!r} is not a plain number")
    require(int(text) <= most, f"{text} is more than {most}")
    return int(text)


def public_key(text):
    """Reads `ed25519:<base64>`; points off the curve and of small order are refused."""
    require(text.startswith("ed25519:"), f"{text!r} is not a key of the form ed25519:<base64>")
    key = decode(text.removeprefix("ed25519:"), 32)
    require(crypto_core_ed25519_is_valid_point(key), f"{text} is not a point that may be trusted")
    return key


def fingerprint(key):
    digits = sha256(key)[:16].hex()
    return " ".join(digits[at : at + 4] for at in range(0, 32, 4))


def verifies(key, message, signature):
    """Strict Ed25519: libsodium refuses a key or R of small order and an S that is not canonical."""
    try:
        VerifyKey(key).verify(message, signature)
    except BadSignatureError:
        return False
    return True


# Section 3: headers and payloads.


@dataclass
class Header:
    v: int
    record: str
    revision: int
    kind: str
    op: str
    audience: str
    at: int
    payload: str | None = None
    size: int | None = None
    reason: str | None = None


TYPES = {"v": int, "record": str, "revision": int, "kind": str, "op": str, "audience": str, "at": str,
         "payload": str, "size": int, "reason": str}


class Pairs(list):
    """An object as it stands in the text, so that a key that stands twice is seen."""


def refuse_constant(text):
    raise ValueError(f"{text} is not JSON")


def read_object(text, what, types):
    """Reads an object's keys of these names; each stands once and has its type, or is null."""
    try:
        pairs = json.loads(text, object_pairs_hook=Pairs, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        raise NotProved(f"{what} is not readable: {error}") from None
    return known_keys(pairs, what, types)


def known_keys(pairs, what, types):
    require(isinstance(pairs, Pairs), f"{what} is not an object")
    known = [(key, value) for key, value in pairs if key in types]
    raw = dict(known)
    require(len(raw) == len(known), f"a key of {what} stands twice")
    for key, value in known:
        require(value is None or type(value) is types[key], f"{key} in {what} is {value!r}")
    return raw


def whole(value, least, most):
    return type(value) is int and least <= value <= most


def read_header(text):
    """Reads a header's text, or says why it is unreadable."""
    require(len(text.encode()) <= MOST_HEADER_BYTES, "the header is longer than 1 KiB")
    raw = read_object(text, "the header", TYPES)
    texts = [raw.get(key) for key in ("record", "kind", "op", "audience", "at")]
    require(None not in texts, "the header lacks a text")
    require(whole(raw.get("v"), 0, 2**32 - 1), "the header has no version")
    require(whole(raw.get("revision"), 1, 2**63 - 1), "the header has no revision from 1")
    require(RECORD.fullmatch(raw["record"]), "the header's record is not a UUID")
    require(KIND.fullmatch(raw["kind"]), "the header's kind is not a kind")
    require(MOMENT.fullmatch(raw["at"]), "the header's time is not of RFC 3339")
    moment = datetime.fromisoformat(raw["at"].upper())
    header = Header(raw["v"], raw["record"].lower(), raw["revision"], raw["kind"], raw["op"], raw["audience"],
                    int(moment.timestamp()))
    read_operation(header, raw)
    return header


def read_operation(header, raw):
    if header.op == "put":
        require(whole(raw.get("size"), 0, 2**32 - 1), "the header names no size")
        require(raw.get("payload") is not None, "the header names no payload")
        decode(raw["payload"], 32)
        header.payload, header.size = raw["payload"], raw["size"]
    elif header.op == "delete":
        require(raw.get("payload") is None, "the header deletes and names a payload")
        require(raw.get("reason") is not None, "the header deletes without a reason")
        header.reason = raw["reason"] if raw["reason"] in REASONS else "other"
    else:
        raise NotProved(f"the header's operation is {header.op!r}")


def matches(header, payload):
    """Says whether this text is the payload that the header names."""
    data = payload.encode()
    return (
        header.op == "put"
        and header.size == len(data) <= MOST_PAYLOAD_BYTES
        and header.payload == encode(sha256(data))
    )


# Section 4: the tree.


def leaf_hash(header):
    return sha256(b"\0" + header)


def node_hash(left, right):
    return sha256(b"\1" + left + right)


def tree_root(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"")
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(tree_root(leaves[:k]), tree_root(leaves[k:]))


class Tree:
    """A tree that grows: the roots of the complete subtrees at its edge, the largest first."""

    def __init__(self, leaves=()):
        self.size, self.edge = 0, []
        for leaf in leaves:
            self.append(leaf)

    @classmethod
    def of(cls, size, edge):
        """A tree of which no more is held than its edge."""
        require(len(edge) == bin(size).count("1"), "there are more or fewer roots than the place has bits")
        tree = cls()
        tree.size, tree.edge = size, list(edge)
        return tree

    def append(self, leaf):
        node, size = leaf, self.size
        while size & 1:
            node, size = node_hash(self.edge.pop(), node), size >> 1
        self.edge.append(node)
        self.size += 1

    def root(self):
        if not self.edge:
            return sha256(b"")
        *rest, node = self.edge
        for left in reversed(rest):
            node = node_hash(left, node)
        return node


def is_included(leaf, index, size, root, proof):
    """RFC 9162 section 2.1.3.2."""
    if index >= size or len(proof) > MOST_PROOF_HASHES:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def is_consistent(first, first_root, second, second_root, proof):
    """RFC 9162 section 2.1.4.2."""
    if len(proof) > MOST_PROOF_HASHES:
        return False
    if first == 0:
        return not proof and first_root == tree_root([])
    if first >= second:
        return first == second and not proof and first_root == second_root
    if first & (first - 1) == 0:
        proof = [first_root, *proof]
    if not proof:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = proof[0]
    for c in proof[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == first_root and sr == second_root


# Section 5: notes and checkpoints.


@dataclass
class Checkpoint:
    origin: str
    size: int
    root: bytes

    @property
    def epoch(self):
        return int(self.origin.rsplit("/", 1)[1])


def split_note(note):
    require(len(note.encode()) <= MOST_NOTE_BYTES, "the note is longer than 16 KiB")
    require(all(c == "\n" or ord(c) >= 32 for c in note), "the note has a control character")
    text, blank, lines = note.rpartition("\n\n")
    require(blank and lines and note.endswith("\n"), "the text is not a signed note")
    signatures = [re.fullmatch(r"— (\S+) (\S+)", line) for line in lines.splitlines()]
    require(all(signatures), "a line below the note is not a signature")
    return text + "\n", [line.groups() for line in signatures]


def open_note(note, name, key):
    """Gives the text of a note that this key signed under this name."""
    text, signatures = split_note(note)
    key_id = sha256(name.encode() + b"\n\x01" + key)[:4]
    for signer, encoded in signatures:
        data = decode(encoded)
        if signer == name and data[:4] == key_id and len(data) == 68 and verifies(key, text.encode(), data[4:]):
            return text
    raise NotProved(f"the note is not signed by {name} with the key ed25519:{encode(key)}")


def parse_checkpoint(note):
    """Reads a checkpoint without believing it."""
    lines = split_note(note)[0].split("\n")
    require(len(lines) >= 4 and all(lines[:-1]), "the checkpoint has not three lines")
    parts = lines[0].split("/")
    require(len(parts) == 4 and parts[0] == "simpul", f"{lines[0]!r} is not the origin line of a log")
    require(NETWORK.fullmatch(parts[1]) and HUB.fullmatch(parts[2]), f"{lines[0]!r} names no network and hub")
    number(parts[3])
    return Checkpoint(lines[0], number(lines[1]), decode(lines[2], 32))


def open_checkpoint(note, key):
    checkpoint = parse_checkpoint(note)
    open_note(note, checkpoint.origin, key)
    return checkpoint


@dataclass
class TrustedKey:
    """A key, and the first and last size of its hub's log at which it counts."""

    key: bytes
    begin: int = 0
    until: int | None = None
    first_epoch: int | None = None
    last_epoch: int | None = None

    def counts_at(self, epoch, size):
        first = epoch if self.first_epoch is None else self.first_epoch
        last = epoch if self.last_epoch is None else self.last_epoch
        begins = (first, self.begin) <= (epoch, size)
        return begins and (self.until is None or (epoch, size) <= (last, self.until))


def open_checkpoint_of(note, trusted):
    """Reads a checkpoint that one of the keys which count at its size signed."""
    claimed = parse_checkpoint(note)
    counting = [each.key for each in trusted if each.counts_at(claimed.epoch, claimed.size)]
    require(counting, f"no trusted key counts at size {claimed.size}")
    for key in counting[:-1]:
        try:
            return open_checkpoint(note, key)
        except NotProved:
            continue
    return open_checkpoint(note, counting[-1])


def heads_token(checkpoints):
    heads = sorted((c.origin.encode(), c) for c in checkpoints)
    lines = "".join(f"{c.origin} {c.size} {encode(c.root)}\n" for _, c in heads)
    return encode(sha256(lines.encode()))


# Section 7 and 8: receipts and pages.


def verify_receipt(receipt, key):
    """Gives checkpoint and header of a receipt that proves its entry under this key."""
    checkpoint = open_checkpoint(receipt["checkpoint"], key)
    leaf = leaf_hash(receipt["header"].encode())
    proof = [decode(text, 32) for text in receipt["proof"]]
    index = receipt["index"]
    included = whole(index, 0, 2**53 - 1) and is_included(leaf, index, checkpoint.size, checkpoint.root, proof)
    require(included, f"the header is not entry {index} of {checkpoint.origin} at size {checkpoint.size}")
    header = read_header(receipt["header"])
    payload = receipt.get("payload")
    require(payload is None or matches(header, payload), "the payload is not the one that the header names")
    return checkpoint, header


def verify_page(page, tree, checkpoint, at_each_size=lambda tree: None):
    """Checks that a page continues a tree, which grows by it, towards a checkpoint that was opened."""
    entries = page["entries"]
    require(1 <= len(entries) <= MOST_PAGE_ENTRIES, f"the page has {len(entries)} entries")
    for entry in entries:
        header = entry["header"].encode()
        require(len(header) <= MOST_HEADER_BYTES, "a header is longer than 1 KiB")
        tree.append(leaf_hash(header))
        at_each_size(tree)
    proof = [decode(text, 32) for text in page["proof"]]
    consistent = is_consistent(tree.size, tree.root(), checkpoint.size, checkpoint.root, proof)
    require(consistent, "the headers do not lead to the checkpoint's root")
    for entry in entries:
        if entry["payload"] is not None:
            require(matches(read_header(entry["header"]), entry["payload"]), "a payload is not its header's")
