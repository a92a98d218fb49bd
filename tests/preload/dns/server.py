#!/usr/bin/env python3
"""A name server for tests: the first label of a name says how it answers.

    server.py ADDRESS NUMBER [ADDRESS NUMBER]...

Serves UDP and TCP on port 53 of each address; NUMBER is what it says to `who`. Prints "ready".
"""

import heapq
import selectors
import socket
import struct
import sys
import time

A, NS, CNAME, SOA, PTR, AAAA, OPT = 1, 2, 5, 6, 12, 28, 41
FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = 1, 2, 3, 4, 5
RESPONSE, RECURSES, TRUNCATED = 0x8180, 0x0080, 0x0200

FOUR, SIX = ["10.9.0.7"], ["fd00:9::7"]
# Of many networks, scopes and labels, so that RFC 6724 has something to sort.
MANY_FOUR = ["192.0.2.1", "10.9.0.9", "127.0.0.5", "169.254.3.4", "10.9.0.200", "10.8.0.1"]
MANY_SIX = ["2001:db8::1", "fd00:9::1234", "fe80::1", "::1", "2002:a09:1::1", "fec0::5",
            "fd00:9:0:0:ffff::1", "2001::5", "::ffff:10.9.0.7"]
ADDRESSES = {
    "four": (FOUR, []), "six": ([], SIX), "both": (FOUR, SIX), "many": (MANY_FOUR, MANY_SIX),
    "nodata": ([], []), "big": ([f"10.9.1.{i}" for i in range(1, 61)], SIX),
    "wrongid": (FOUR, SIX), "upper": (FOUR, SIX), "swapped": (FOUR, SIX), "twice": (FOUR * 2, SIX),
    "deep": (FOUR, SIX), "strange": (FOUR, SIX),
    "slow": (FOUR, SIX), "alias-end": (FOUR, SIX),
}
ALIASES = {"alias": "alias-mid.test", "alias-mid": "alias-end.test", "nowhere": "nothing.test",
           "toempty": "nodata.test", "badalias": "not_a(host.test", "circle": "circle.test"}
RCODES = {"nx": NXDOMAIN, "servfail": SERVFAIL, "notimp": NOTIMP, "refused": REFUSED,
          "formerr": FORMERR, "nothing": NXDOMAIN}
# By type: one of the two answers is of another kind than the other.
HALVES = {"half-a": {AAAA: SERVFAIL}, "half-aaaa": {A: SERVFAIL}, "half-nx": {A: NXDOMAIN},
          "half-nx6": {AAAA: NXDOMAIN}, "half-refused": {AAAA: REFUSED},
          "half-notimp": {AAAA: NOTIMP}}
NAMES = {"7.0.9.10.in-addr.arpa": "both.test", "8.0.9.10.in-addr.arpa": "bad_(name.test",
         "9.0.9.10.in-addr.arpa": "alias:ptr9.test", "ptr9.test": "nine.test",
         "10.0.9.10.in-addr.arpa": "local.corp.test"}
REVERSE_SIX = socket.inet_pton(socket.AF_INET6, "fd00:9::7").hex()[::-1]
NAMES[".".join(REVERSE_SIX) + ".ip6.arpa"] = "six.test"


def wire(name):
    labels = [part.encode() for part in name.split(".") if part]
    return b"".join(bytes([len(part)]) + part for part in labels) + b"\0"


def record(name, kind, data, ttl=60):
    return wire(name) + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def packed(kind, address):
    return socket.inet_pton(socket.AF_INET if kind == A else socket.AF_INET6, address)


def question(query):
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1"))
        at += 1 + query[at]
    kind, = struct.unpack_from("!H", query, at + 1)
    return ".".join(labels), kind, query[12:at + 5]


def chain(name):
    """The records of a name's aliases, and where they lead."""
    found, seen = [], set()
    while (label := name.split(".")[0].lower()) in ALIASES and name not in seen:
        seen.add(name)
        found.append(record(name, CNAME, wire(ALIASES[label])))
        name = ALIASES[label]
    return found, name


def hosts(name, kind, number):
    """rcode and records for the name of a host."""
    found, last = chain(name)
    label = last.split(".")[0].lower()
    code = HALVES.get(label, {}).get(kind, RCODES.get(label, 0))
    if code:
        return code, found if code == NXDOMAIN else []
    if label in HALVES:
        addresses = FOUR, SIX
    elif label == "who":
        addresses = [f"10.9.0.{number}"], []
    elif label.startswith("crowd"):
        addresses = [f"10.9.{int(label[5:]) // 250}.{int(label[5:]) % 250 + 1}"], []
    elif label in ADDRESSES and (last.endswith(".test") or last == label):
        addresses = ADDRESSES[label]
    elif label in ("circle",):
        addresses = [], []
    else:
        return NXDOMAIN, found
    if kind in (A, AAAA):
        owner = last.upper() if label == "upper" else last
        found += [record(owner, kind, packed(kind, a)) for a in addresses[kind == AAAA]]
        if label == "strange":  # of other types, classes and names, and one of no length
            found[0:0] = [record(last, 99, b"x"), record("other.test", kind, found[-1][-4:]),
                          wire(last) + struct.pack("!HHIH", kind, 3, 60, 4) + b"abcd",
                          record(last, kind, b"abc")]
    return 0, found


def allowed(name):
    """Only names below `test` exist, those of the search list's domains among them."""
    name = name.lower()
    return name.endswith((".test", ".arpa")) or name in ("toplevel", "test")


def answer(query, number, tcp):
    """The reply, or None; and after how many seconds."""
    name, kind, asked = question(query)
    label, delay = name.split(".")[0].lower(), 0
    if label == "silent" or (label == "silent6" and kind == AAAA):
        return None, 0
    if label.startswith("crowd") or label == "slow":
        delay = 0.1
    if label == "swapped" and kind == A:
        delay = 0.05
    flags = RESPONSE
    if label == "lame" or not allowed(name):
        code, found = (0 if label == "lame" else NXDOMAIN), []
        flags &= ~RECURSES if label == "lame" else flags
    elif name.lower() == "toplevel":
        code, found = 0, [record(name, A, packed(A, FOUR[0]))] if kind == A else []
    elif name.lower() in NAMES or name.lower().endswith(".arpa"):
        target = NAMES.get(name.lower(), "")
        code, found = (0 if target else NXDOMAIN), []
        if target.startswith("alias:"):
            target = target[6:]
            found = [record(name, CNAME, wire(target))]
            found.append(record(target, PTR, wire(NAMES[target])))
        elif target:
            found = [record(name, PTR, wire(target))]
    else:
        code, found = hosts(name, kind, number)
    if query[11] and label == "noedns":
        code, found = FORMERR, []
    elif label == "noedns":
        code, found = 0, [record(name, kind, packed(kind, (FOUR if kind == A else SIX)[0]))]
    authority = [] if found or flags != RESPONSE else [
        record("test", SOA, wire("ns.test") + wire("me.test") + struct.pack("!5I", *[60] * 5))]
    body = b"".join(found + authority)
    counts = struct.pack("!4H", 1, len(found), len(authority), 0)
    if not tcp and len(body) + len(asked) > 500:
        flags, body, counts = flags | TRUNCATED, b"", struct.pack("!4H", 1, 0, 0, 0)
    return query[:2] + struct.pack("!H", flags | code) + counts + asked + body, delay


class Server:
    def __init__(self, pairs):
        self.selector = selectors.DefaultSelector()
        self.later = []  # (moment, sequence, function)
        self.sequence = 0
        for address, number in pairs:
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            udp.bind((address, 53))
            tcp = socket.create_server((address, 53), backlog=64)
            self.selector.register(udp, selectors.EVENT_READ, (self.on_datagram, number))
            self.selector.register(tcp, selectors.EVENT_READ, (self.on_connection, number))

    def send_after(self, delay, function):
        if delay == 0:
            function()
            return
        self.sequence += 1
        heapq.heappush(self.later, (time.monotonic() + delay, self.sequence, function))

    def on_datagram(self, udp, number):
        query, peer = udp.recvfrom(4096)
        reply, delay = answer(query, number, False)
        if reply is None:
            return
        if question(query)[0].startswith("wrongid"):
            udp.sendto(bytes([reply[0] ^ 1]) + reply[1:], peer)
        self.send_after(delay, lambda: udp.sendto(reply, peer))

    def on_connection(self, listener, number):
        stream, _ = listener.accept()
        self.selector.register(stream, selectors.EVENT_READ, (self.on_stream, number))

    def on_stream(self, stream, number):
        size = stream.recv(2, socket.MSG_WAITALL)
        if len(size) < 2:
            self.selector.unregister(stream)
            stream.close()
            return
        query = stream.recv(struct.unpack("!H", size)[0], socket.MSG_WAITALL)
        reply, delay = answer(query, number, True)
        if reply is not None:
            self.send_after(delay, lambda: stream.sendall(struct.pack("!H", len(reply)) + reply))

    def serve(self):
        while True:
            wait = max(0, self.later[0][0] - time.monotonic()) if self.later else None
            for key, _ in self.selector.select(wait):
                function, number = key.data
                function(key.fileobj, number)
            while self.later and self.later[0][0] <= time.monotonic():
                heapq.heappop(self.later)[2]()


def main():
    given = sys.argv[1:]
    server = Server(list(zip(given[::2], given[1::2])))
    print("ready", flush=True)
    server.serve()


main()
