"""Speaks with Maru over standard input and output. The standard library alone is needed.

Every line is one JSON object. docs/strategies.md tells what each of them means.
"""
import json
import sys
from decimal import Decimal

VERSION = 1


def send(kind, **keys):
    """Says one line; a key whose value is None is left out, a Decimal is written exactly."""
    line = {"type": kind}
    line.update((k, str(v) if isinstance(v, Decimal) else v) for k, v in keys.items() if v is not None)
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def intent(ref, instrument, side, quantity, price=None, reason=None, **more):
    """Asks for an order. The same ref, said again, never orders twice."""
    send("intent", ref=ref, instrument=instrument, side=side, quantity=quantity, price=price, reason=reason, **more)


def cancel(ref, reason=None):
    send("cancel", ref=ref, reason=reason)


def log(text, level="info"):
    send("log", text=text, level=level)


def remember(key, value):
    """Has the runtime keep a text; the next hello brings it back. None forgets it."""
    send("state", key=key, value=value)


def run(strategy):
    """Calls strategy.on_<type>(line) for each line, where it has such a method."""
    for text in sys.stdin:
        line = json.loads(text)
        kind = line["type"]
        if kind == "heartbeat":
            send("heartbeat", n=line["n"])
            continue
        if kind == "hello":
            if line["version"] != VERSION:
                sys.exit("this program speaks version %d, the runtime %d" % (VERSION, line["version"]))
            send("hello", version=VERSION)
        handler = getattr(strategy, "on_" + kind, None)
        if handler:
            handler(line)
