"""Checks the files of docs/vectors, as their README describes them."""

import json
from dataclasses import asdict
from pathlib import Path

from nacl.signing import SigningKey

import simpul_epoch as epochs
import simpul_log as log
import simpul_token as tokens
import simpul_trust as trust


def check_folder(folder):
    """Checks every file of a folder; gives the number of cases and a sentence for each that differs."""
    cases, differences = 0, []
    for path in sorted(Path(folder).glob("*.json")):
        file = json.loads(path.read_text(encoding="utf-8"))
        for case in file["cases"]:
            cases += 1
            difference = difference_of(file, case)
            if difference:
                differences.append(f"{path.name}, {case['name']}: {difference}")
    return cases, differences


def difference_of(file, case):
    check = CHECKS.get(case["check"])
    if check is None:
        return f"the check {case['check']!r} is not known"
    try:
        problem = check(case, file)
    except log.NotProved as why:
        problem = str(why)
    if case.get("holds", True):
        return problem
    return None if problem else "it must be refused and is not"


def differs(what, found, said):
    return None if found == said else f"{what} is {found!r}, the file says {said!r}"


def unless(holds, problem):
    return None if holds else problem


def read_hash(text, file):
    return bytes.fromhex(text) if file.get("hashes") == "hex" else log.decode(text, 32)


def leaves(file, size):
    values = file["leaves"]["values"][:size]
    is_hex = file["leaves"]["encoding"] == "hex"
    return [log.leaf_hash(bytes.fromhex(value) if is_hex else value.encode()) for value in values]


def root(case, file):
    hashes, said = leaves(file, case["size"]), read_hash(case["root"], file)
    return differs("root", log.tree_root(hashes), said) or differs("grown root", log.Tree(hashes).root(), said)


def inclusion(case, file):
    proof = [read_hash(text, file) for text in case["proof"]]
    leaf = leaves(file, case["leaf"] + 1)[-1]
    holds = log.is_included(leaf, case["index"], case["size"], read_hash(case["root"], file), proof)
    return unless(holds, "the proof does not hold")


def consistency(case, file):
    proof = [read_hash(text, file) for text in case["proof"]]
    old, new = read_hash(case["oldRoot"], file), read_hash(case["newRoot"], file)
    holds = log.is_consistent(case["oldSize"], old, case["newSize"], new, proof)
    return unless(holds, "the proof does not hold")


def key(case, _):
    public = bytes(SigningKey(bytes.fromhex(case["seed"])).verify_key)
    text = "ed25519:" + log.encode(public)
    fingerprint = log.fingerprint(public)
    return differs("key", text, case["publicKey"]) or differs("fingerprint", fingerprint, case["fingerprint"])


def sign(seed, name, text):
    secret = SigningKey(bytes.fromhex(seed))
    key_id = log.sha256(name.encode() + b"\n\x01" + bytes(secret.verify_key))[:4]
    signature = log.encode(key_id + secret.sign(text.encode()).signature)
    return f"{text}\n— {name} {signature}\n"


def sign_note(case, _):
    return differs("note", sign(case["seed"], case["keyName"], case["text"]), case["note"])


def sign_checkpoint(case, _):
    text = f"{case['origin']}\n{case['size']}\n{case['root']}\n"
    return differs("checkpoint", sign(case["seed"], case["origin"], text), case["checkpoint"])


def header(case, _):
    leaf = log.encode(log.leaf_hash(case["header"].encode()))
    try:
        reading = {name: value for name, value in asdict(log.read_header(case["header"])).items() if value is not None}
    except log.NotProved:
        reading = None
    return differs("leaf hash", leaf, case["leafHash"]) or differs("reading", reading, case["reads"])


def payload(case, _):
    data = case["payload"].encode()
    if (log.encode(log.sha256(data)), len(data)) != (case["hash"], case["size"]):
        raise AssertionError(f"{case['name']}: hash or size of the payload is wrong")
    return unless(log.matches(log.read_header(case["header"]), case["payload"]), "the payload does not match")


def page(case, _):
    checkpoint = log.open_checkpoint(case["checkpoint"], log.public_key(case["publicKey"]))
    log.require(checkpoint.origin == case["log"], f"the checkpoint is of {checkpoint.origin}")
    log.verify_page(case, log.Tree(log.leaf_hash(header.encode()) for header in case["before"]), checkpoint)


def stretch(case, _):
    checkpoint = log.open_checkpoint(case["checkpoint"], log.public_key(case["publicKey"]))
    log.require(checkpoint.origin == case["log"], f"the checkpoint is of {checkpoint.origin}")
    before = log.Tree.of(case["from"], [log.decode(root, 32) for root in case["before"]])
    log.verify_page(case, before, checkpoint)


def receipt(case, _):
    log.verify_receipt(case["receipt"], log.public_key(case["publicKey"]))


def token(case, _):
    heads = [log.parse_checkpoint(text) for text in case["checkpoints"]]
    return differs("token", log.heads_token(heads), case["token"])


def key_reading(key):
    reading = {"key": "ed25519:" + log.encode(key.key), "from": key.begin, "until": key.until}
    reading |= {"fromEpoch": key.first_epoch, "untilEpoch": key.last_epoch}
    return {name: value for name, value in reading.items() if value is not None}


def membership(case, _):
    try:
        member = trust.read_membership(case["body"])
        keys = [key_reading(key) for key in member.keys]
        reading = {"hub": member.hub, "keys": keys, "status": member.status}
    except log.NotProved:
        reading = None
    return differs("reading", reading, case["reads"])


def may_sign(case, _):
    pins = [(pin["hub"], log.public_key(pin["key"])) for pin in case["pins"]]
    trusted = trust.Trust(case["authority"], case["memberships"], pins, case["denied"])
    for asked in case["asked"]:
        place = asked["epoch"], asked["size"]
        found = trusted.may_sign(asked["hub"], *place, log.public_key(asked["key"]))
        difference = differs(f"{asked['hub']} by {asked['key']} at {place}", found, asked["maySign"])
        if difference:
            return difference
    return None


def sign_hub_token(case, _):
    made = tokens.sign(case["header"], case["claims"], SigningKey(bytes.fromhex(case["seed"])))
    return differs("token", made, case["token"])


def hub_token(case, _):
    keys = [(key["hub"], log.public_key(key["key"])) for key in case["keys"] if key["until"] is None]
    tokens.issuer(case["token"], case["network"], case["hub"], case["now"], keys)


def opening(case, _):
    try:
        read = epochs.read_opening(case["body"])
        reading = {"previous": read.previous, "size": read.size, "root": log.encode(read.root), "checkpoint": read.checkpoint}
    except log.NotProved:
        reading = None
    return differs("reading", reading, case["reads"])


def settlement(case, _):
    there = None if case["rootThere"] is None else log.decode(case["rootThere"], 32)
    accepted = epochs.Opening(0, case["acceptedSize"], log.decode(case["acceptedRoot"], 32))
    return differs("settlement", epochs.settle(accepted, case["held"], there), case["settlement"])


CHECKS = {
    "root": root,
    "inclusion": inclusion,
    "consistency": consistency,
    "publicKey": lambda case, _: log.public_key(case["text"]) and None,
    "key": key,
    "signNote": sign_note,
    "note": lambda case, _: log.open_note(case["note"], case["keyName"], log.public_key(case["publicKey"])) and None,
    "signCheckpoint": sign_checkpoint,
    "checkpoint": lambda case, _: log.open_checkpoint(case["checkpoint"], log.public_key(case["publicKey"])) and None,
    "header": header,
    "payload": payload,
    "page": page,
    "stretch": stretch,
    "receipt": receipt,
    "headsToken": token,
    "membership": membership,
    "trust": may_sign,
    "signHubToken": sign_hub_token,
    "hubToken": hub_token,
    "opening": opening,
    "settlement": settlement,
}
