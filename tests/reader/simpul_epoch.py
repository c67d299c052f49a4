"""Section 8 of docs/protocol.md, "The hub's next log", written from that page alone."""

from dataclasses import dataclass

import simpul_log as log

REQUIRED = {"previous": int, "size": int, "root": str}
BODY = REQUIRED | {"checkpoint": str}
MOST_EPOCH = 2**63 - 1


@dataclass
class Opening:
    previous: int
    size: int
    root: bytes
    checkpoint: str | None = None


def read_opening(text):
    """Reads the body of a log's first entry, or says which rule it breaks."""
    raw = log.read_object(text, "the opening", BODY)
    for key in REQUIRED:
        log.require(raw.get(key) is not None, f"the opening lacks {key}")
    log.require(log.whole(raw["previous"], 0, MOST_EPOCH), f"{raw['previous']} is not an epoch")
    log.require(log.whole(raw["size"], 0, MOST_EPOCH), f"{raw['size']} is not a size")
    root = log.decode(raw["root"], 32)
    return Opening(raw["previous"], raw["size"], root, raw.get("checkpoint"))


def settle(accepted, held, root_there):
    """What becomes of a log of which so much is held."""
    if root_there is None:
        return "short"
    if root_there != accepted.root:
        return "astray"
    return "cut" if held > accepted.size else "settled"
