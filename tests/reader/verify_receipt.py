#!/usr/bin/env python3
"""An independent reader of Simpul's receipts, written from docs/protocol.md alone.

Exit codes: 0 proved, 1 not proved or not to be had, 2 typed wrongly.
"""

import argparse
import json
import sys

import simpul_log as log
import vectors
from simpul_node import Node

RECEIPT = "query($id:ID!){receipt(record:$id){header payload index proof checkpoint publicKey}}"
NEWEST = "query{innovations(first:1,orderBy:PUBLISHED_DESC){nodes{id}}}"
HEADS = "query($after:String){heads(after:$after){nodes{checkpoint} pageInfo{hasNextPage endCursor}}}"
TOKEN = "query{hub{node{headsToken}}}"


class Hub(Node):
    """A hub's node, and what is asked of it for a receipt."""

    def newest_record(self):
        nodes = self.ask(NEWEST)["innovations"]["nodes"]
        log.require(nodes, "the hub has no innovation")
        return nodes[0]["id"]

    def receipt(self, record):
        receipt = self.ask(RECEIPT, id=record)["receipt"]
        log.require(receipt, f"{record} is not held there")
        return receipt

    def heads(self):
        texts, after = [], None
        while True:
            page = self.ask(HEADS, after=after)["heads"]
            texts += [head["checkpoint"] for head in page["nodes"]]
            if not page["pageInfo"]["hasNextPage"]:
                return texts
            after = page["pageInfo"]["endCursor"]

    def heads_and_token(self):
        """Heads and token of one moment: both are asked again if something changed between."""
        for _ in range(5):
            before = self.ask(TOKEN)["hub"]["node"]["headsToken"]
            heads = self.heads()
            if self.ask(TOKEN)["hub"]["node"]["headsToken"] == before:
                return heads, before
        raise log.NotProved("the hub's heads change faster than they can be read")


def report(receipt, key, is_own_word):
    checkpoint, header = log.verify_receipt(receipt, key)
    print(f"PROVED: revision {header.revision} of {header.kind} {header.record}")
    print(f"  is entry {receipt['index']} of {checkpoint.origin}, signed at size {checkpoint.size}")
    said = {"delete": "the record is gone", "put": "its content is not in the receipt"}[header.op]
    print(f"  {'its content stands in the receipt' if receipt.get('payload') is not None else said}")
    whose = "the receipt's own word; compare it with the hub's operator" if is_own_word else "the key you gave"
    print(f"  signed with the key of fingerprint {log.fingerprint(key)} ({whose})")
    return checkpoint


def check_heads(node, proved, key):
    """The hub's present head of the log is the key's, no shorter than the receipt's, and in the hub's token."""
    texts, token = node.heads_and_token()
    heads = [log.parse_checkpoint(text) for text in texts]
    found = log.heads_token(heads)
    log.require(found == token, f"the heads give the token {found}, the hub says {token}")
    [head] = [text for text, head in zip(texts, heads) if head.origin == proved.origin] or [None]
    log.require(head, f"the hub states no head of {proved.origin}")
    size = log.open_checkpoint(head, key).size
    log.require(size >= proved.size, f"the hub states size {size}, the receipt {proved.size}")
    print(f"  the hub states {len(heads)} heads, that log at size {size}, and their token is right")


def run(arguments):
    if arguments.vectors:
        cases, differences = vectors.check_folder(arguments.vectors)
        log.require(cases, f"{arguments.vectors} has no vectors")
        log.require(not differences, "\n".join(differences))
        print(f"{cases} cases are as the files say")
        return
    if arguments.url:
        node = Hub(arguments.url)
        receipt = node.receipt(arguments.record or node.newest_record())
    else:
        with open(arguments.file, encoding="utf-8") as file:
            receipt = json.load(file)
    if arguments.save:
        with open(arguments.save, "w", encoding="utf-8") as file:
            json.dump(receipt, file, ensure_ascii=False, indent=2)
    key = log.public_key(arguments.key or receipt["publicKey"])
    proved = report(receipt, key, arguments.key is None)
    if arguments.url:
        check_heads(node, proved, key)


def main():
    parser = argparse.ArgumentParser(description="Verify a receipt of a hub's record, or the project's vectors.")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--url", help="the hub to ask, for example http://127.0.0.1:8013")
    source.add_argument("--file", help="a file with a receipt")
    source.add_argument("--vectors", metavar="DIR", help="check the vector files of this folder")
    parser.add_argument("record", nargs="?", help="the record's global id; with --url, the newest innovation if left out")
    parser.add_argument("--key", help="the hub's key as you know it: ed25519:…")
    parser.add_argument("--save", metavar="FILE", help="keep the receipt")
    try:
        run(parser.parse_args())
    except log.NotProved as why:
        print(f"NOT PROVED: {why}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"NOT PROVED: {error.filename} cannot be opened: {error.strerror}", file=sys.stderr)
        return 1
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        print(f"NOT PROVED: what was given is no receipt: {error!r}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
