#!/usr/bin/env python3
"""Buys what fell a little below its own average and sells it when it is back there.

An example of the wire, not advice: it trades each instrument on its last WINDOW mid prices.

Usage: meanrevert.py [WINDOW [BELOW]], such as 50 0.9995: buy below 0.9995 of the average.
"""
import sys
from collections import deque
from decimal import Decimal

import maru

WINDOW = int(sys.argv[1]) if len(sys.argv) > 1 else 50
BELOW = Decimal(sys.argv[2] if len(sys.argv) > 2 else "0.9995")


class MeanRevert:
    def __init__(self):
        self.mids = {}
        self.held = {}
        self.lots = {}
        self.busy = {}  # instrument -> ref of the order that is under way
        self.count = 0

    def on_hello(self, hello):
        # Where the session before stopped: positions, open orders, and the counter of refs.
        self.count = int(hello["state"].get("count", "0"))
        for i in hello["instruments"]:
            self.lots[i["instrument"]] = Decimal(i.get("lot_size", "0.001"))
        for p in hello["positions"]:
            self.held[p["instrument"]] = Decimal(p["quantity"])
        for order in hello["orders"]:
            self.busy[order["instrument"]] = order.get("ref")
        maru.log("session %d: %d instruments, %d open orders" % (hello["session"], len(self.lots), len(self.busy)))

    def on_position(self, line):
        self.held[line["instrument"]] = Decimal(line["quantity"])

    def on_order_event(self, line):
        if line["status"] in ("filled", "canceled", "rejected", "denied", "expired"):
            self.busy.pop(line["instrument"], None)

    def on_refused(self, line):
        maru.log("refused %s: %s" % (line.get("ref"), line["reason"]), "warn")
        for instrument, ref in list(self.busy.items()):
            if ref == line.get("ref"):
                del self.busy[instrument]

    def on_quote(self, quote):
        name = quote["instrument"]
        if not quote["trusted"] or "bid" not in quote or "ask" not in quote or name in self.busy:
            return
        bid, ask = Decimal(quote["bid"]), Decimal(quote["ask"])
        mids = self.mids.setdefault(name, deque(maxlen=WINDOW))
        mids.append((bid + ask) / 2)
        if len(mids) < WINDOW:
            return
        mean, held = sum(mids) / WINDOW, self.held.get(name, Decimal(0))
        if held <= 0 and ask < mean * BELOW:
            self.order(name, "buy", self.size(name, ask), "%s is below %s" % (ask, round(mean, 2)))
        elif held > 0 and bid >= mean:
            self.order(name, "sell", held, "%s is back at %s" % (bid, round(mean, 2)))

    def size(self, name, price):
        lot = self.lots[name]
        return max(lot, (Decimal(100) / price) // lot * lot)

    def order(self, name, side, quantity, reason):
        self.count += 1
        maru.remember("count", str(self.count))  # before the order: a ref is never given to two
        ref = "r%d" % self.count
        self.busy[name] = ref
        maru.intent(ref, name, side, quantity, time_in_force="ioc", order_type="market", reason=reason)


if __name__ == "__main__":
    maru.run(MeanRevert())
