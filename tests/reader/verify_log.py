#!/usr/bin/env python3
"""An independent reader of whole logs, written from docs/protocol.md alone.

It believes no supplier: what is absent is judged by the headers, and the headers by the hub's signature.
Exit codes: 0 proved and nothing missing, 2 typed wrongly, 3 not proved or something is missing.
"""

import argparse
import re
import sys
from collections import Counter
from dataclasses import dataclass

import simpul_log as log
from simpul_node import Node

PAGE = """query($hub:HubId!,$epoch:Long!,$from:Long!,$first:Int!,$maxBytes:Int!){
  entries(hub:$hub,epoch:$epoch,from:$from,first:$first,maxBytes:$maxBytes){
    entries{header payload} proof checkpoint}}"""
HEADS = """query($hubs:[HubId!],$after:String){
  heads(hubs:$hubs,after:$after,first:500){nodes{hub epoch} pageInfo{hasNextPage endCursor}}}"""
MOST_ENTRIES = 1_000_000
MOST_PAGE_BYTES = 4 * 1024 * 1024
MOST_HEAD_PAGES = 50
# In the order of the report; together they are the log's entries.
FATES = ("payloads", "superseded", "deleted", "missing", "unreadable", "deletions", "withheld")


@dataclass(slots=True)
class Absent:
    """An entry that puts a payload which the node does not give."""

    record: str
    index: int


@dataclass(slots=True)
class Newest:
    """A record's entry of the highest revision so far; a later one of the same revision does not count."""

    revision: int
    index: int
    op: str
    audience: str


class Reading:
    """What the headers of a log say of its payloads (section 3), read in the log's order."""

    def __init__(self):
        self.counts = Counter()
        self.newest = {}
        self.absent = []

    def add(self, index, entry):
        try:
            header = log.read_header(entry["header"])
        except log.NotProved:
            self.counts["unreadable"] += 1
            return
        before = self.newest.get(header.record)
        if before is None or header.revision > before.revision:
            self.newest[header.record] = Newest(header.revision, index, header.op, header.audience)
        if header.op == "delete":
            self.counts["deletions"] += 1
        elif entry["payload"] is not None:
            self.counts["payloads"] += 1
        else:
            self.absent.append(Absent(header.record, index))

    def judged(self):
        """Counts the entries by what became of their payloads."""
        absent = Counter(self.fate(entry) for entry in self.absent)
        return {fate: self.counts[fate] + absent[fate] for fate in FATES}

    def fate(self, absent):
        newest = self.newest[absent.record]
        if newest.op == "delete":
            return "deleted"
        if newest.index != absent.index:
            return "superseded"
        return "missing" if newest.audience == "public" else "withheld"

    def missing(self):
        return [entry.index for entry in self.absent if self.fate(entry) == "missing"]


class Log:
    """A log as far as it is proved; its size only grows."""

    def __init__(self, hub, epoch, keys):
        self.hub, self.epoch, self.keys = hub, epoch, keys
        self.tree = log.Tree()
        self.reading = Reading()
        self.newest = None
        self.stated = {}

    def read(self, node):
        """Reads to the end of the largest checkpoint that came with a page, and gives that."""
        while self.newest is None or self.tree.size < self.newest.size:
            page = node.ask(PAGE, hub=self.hub, epoch=self.epoch, **{"from": self.tree.size},
                            first=log.MOST_PAGE_ENTRIES, maxBytes=MOST_PAGE_BYTES)["entries"]
            self.take(page)
        return self.newest

    def take(self, page):
        """Verifies a page and counts it in. Only an empty log's page is empty, so each brings the end closer."""
        checkpoint = log.open_checkpoint_of(page["checkpoint"], self.keys)
        self.check_name(checkpoint)
        self.note(checkpoint)
        begin, entries = self.tree.size, page["entries"]
        if checkpoint.size == begin == 0:
            log.require(not entries, "the page has entries, and its checkpoint none")
            self.check_root(self.tree)
        else:
            log.verify_page(page, self.tree, checkpoint, self.check_root)
        for index, entry in enumerate(entries, begin):
            self.reading.add(index, entry)

    def note(self, checkpoint):
        log.require(checkpoint.size <= MOST_ENTRIES, f"the log has {checkpoint.size} entries; {MOST_ENTRIES} are read")
        stated = self.stated.setdefault(checkpoint.size, checkpoint.root)
        log.require(stated == checkpoint.root, f"the hub signed two histories: two roots at size {checkpoint.size}")
        if self.newest is None or checkpoint.size > self.newest.size:
            self.newest = checkpoint

    def check_name(self, checkpoint):
        _, _, hub, epoch = checkpoint.origin.split("/")
        log.require((hub, epoch) == (self.hub, str(self.epoch)), f"the checkpoint is of {checkpoint.origin}")
        before = (self.newest or checkpoint).origin
        log.require(before == checkpoint.origin, f"the checkpoint is of {checkpoint.origin}, not of {before}")

    def check_root(self, tree):
        """A checkpoint that came with an earlier page must be true of what came after it."""
        root = self.stated.get(tree.size)
        log.require(root in (None, tree.root()), f"the headers do not lead to the checkpoint's root at {tree.size}")


def epoch_of(node, hub):
    """The only log that the node states of a hub."""
    epochs, after = set(), None
    for _ in range(MOST_HEAD_PAGES):
        page = node.ask(HEADS, hubs=[hub], after=after)["heads"]
        epochs |= {head["epoch"] for head in page["nodes"] if head["hub"] == hub}
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    log.require(epochs, f"the node states no log of {hub}")
    log.require(len(epochs) == 1, f"the node states several logs of {hub}; say --epoch, one of {sorted(epochs)}")
    epoch = epochs.pop()
    log.require(log.whole(epoch, 0, 2**53 - 1), f"{epoch!r} is not an epoch")
    return epoch


def run(arguments):
    node = Node(arguments.url)
    epoch = epoch_of(node, arguments.hub) if arguments.epoch is None else arguments.epoch
    held = Log(arguments.hub, epoch, arguments.key)
    checkpoint = held.read(node)
    counts = held.reading.judged()
    print(f"PROVED: {checkpoint.origin} at size {checkpoint.size}, root {log.encode(checkpoint.root)}")
    said = [f"entries {held.tree.size}", *(f"{fate} {counts[fate]}" for fate in FATES)]
    print("  " + ", ".join(said))
    missing = held.reading.missing()
    if missing:
        more = ", …" if len(missing) > 10 else ""
        print(f"MISSING: the payloads of the entries {', '.join(map(str, missing[:10]))}{more}", file=sys.stderr)
    return 3 if missing else 0


# What is typed.


def typed(read, *more):
    """Lets argparse tell what is wrong with an argument, which makes the exit code 2."""

    def parse(text):
        try:
            return read(text, *more)
        except log.NotProved as why:
            raise argparse.ArgumentTypeError(str(why)) from None

    return parse


def address(text):
    log.require(re.fullmatch(r"https?://[^/?#\s]+(/[^?#\s]*)?", text), f"{text!r} is not the address of a node")
    return text


def hub_id(text):
    log.require(log.HUB.fullmatch(text), f"{text!r} is not a hub id")
    return text


def trusted_key(text):
    """Reads `KEY`, `KEY@FROM-` or `KEY@FROM-UNTIL`."""
    key, at, sizes = text.partition("@")
    if not at:
        return log.TrustedKey(log.public_key(key))
    span = re.fullmatch(r"([0-9]+)-([0-9]*)", sizes)
    log.require(span, f"{sizes!r} is not FROM-UNTIL or FROM-")
    begin, until = log.number(span[1]), log.number(span[2]) if span[2] else None
    log.require(until is None or begin <= until, f"{until} is before {begin}")
    return log.TrustedKey(log.public_key(key), begin, until)


def main():
    parser = argparse.ArgumentParser(description="Verify a hub's whole log at any node that holds it.")
    parser.add_argument("url", type=typed(address), help="the node to ask, for example http://127.0.0.1:8013")
    parser.add_argument("hub", type=typed(hub_id), help="the hub whose log it is, for example id-13")
    parser.add_argument("--key", type=typed(trusted_key), action="append", required=True, metavar="KEY[@FROM-[UNTIL]]",
                        help="a key of the hub as you know it: ed25519:…, with the first and last size that it signs")
    parser.add_argument("--epoch", type=typed(log.number, 2**53 - 1), help="which of the hub's logs, if it has several")
    try:
        return run(parser.parse_args())
    except log.NotProved as why:
        print(f"NOT PROVED: {why}", file=sys.stderr)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        print(f"NOT PROVED: the node's answer is no page of a log: {error!r}", file=sys.stderr)
    return 3


if __name__ == "__main__":
    sys.exit(main())
