"""Asking a hub's node over GraphQL, with bounds on what it may answer. Nothing that it says is believed here."""

import http.client
import json
import time
import urllib.request

import simpul_log as log

MOST_ANSWER_BYTES = 16 * 1024 * 1024
MOST_ANSWER_SECONDS = 60
MOST_SILENT_SECONDS = 30


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Node:
    """A hub's node."""

    def __init__(self, url):
        self.endpoint = url.rstrip("/") + "/graphql"
        self.opener = urllib.request.build_opener(NoRedirects)

    def ask(self, query, **variables):
        """Gives the answer's data; an answer with errors is no answer."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(self.endpoint, body, {"Content-Type": "application/json"})
        try:
            with self.opener.open(request, timeout=MOST_SILENT_SECONDS) as response:
                answer = json.loads(read_all(response))
        except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
            raise log.NotProved(f"{self.endpoint} gives no answer: {error}") from None
        log.require(isinstance(answer, dict), f"{self.endpoint} answers something else than GraphQL")
        if answer.get("errors"):
            raise log.NotProved(f"{self.endpoint} refuses: {answer['errors'][0]['message']}")
        return answer["data"]


def read_all(response):
    """Reads an answer piece by piece, so that neither its length nor its slowness is without end."""
    end, pieces, size = time.monotonic() + MOST_ANSWER_SECONDS, [], 0
    while piece := response.read1(64 * 1024):
        size += len(piece)
        log.require(size <= MOST_ANSWER_BYTES, f"an answer has more than {MOST_ANSWER_BYTES} bytes")
        log.require(time.monotonic() < end, f"an answer takes more than {MOST_ANSWER_SECONDS} seconds")
        pieces.append(piece)
    return b"".join(pieces)
