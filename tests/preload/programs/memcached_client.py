"""memcached_client.py PORT CLIENTS: checks every byte of memcached's replies.

One client walks through the text protocol; several do 200 verified operations each, all at once.
"""

import random
import socket
import sys
import threading

OPERATIONS = 200


class Client:
    """One connection; every expectation is the exact reply."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.file = self.socket.makefile("rb")
        self.checks = 0

    def send(self, data):
        self.socket.sendall(data)

    def expect(self, reply):
        got = self.file.read(len(reply))
        assert got == reply, f"expected {reply[:80]!r}, got {got[:80]!r} ({len(got)} bytes)"
        self.checks += 1

    def ask(self, request, reply):
        self.send(request)
        self.expect(reply)

    def set(self, key, value):
        self.ask(b"set %s 7 0 %d\r\n%s\r\n" % (key, len(value), value), b"STORED\r\n")

    def get(self, key, value):
        self.ask(b"get %s\r\n" % key,
                 b"VALUE %s 7 %d\r\n%s\r\nEND\r\n" % (key, len(value), value))

    def close(self):
        self.send(b"quit\r\n")
        assert self.file.read() == b"", "bytes after quit"
        self.socket.close()


def protocol(port):
    client = Client(port)
    client.set(b"first", b"one two")
    client.get(b"first", b"one two")
    client.ask(b"add first 7 0 1\r\nx\r\n", b"NOT_STORED\r\n")
    client.ask(b"add counter 7 0 2\r\n41\r\n", b"STORED\r\n")
    client.ask(b"incr counter 1\r\n", b"42\r\n")
    client.ask(b"decr counter 2\r\n", b"40\r\n")
    client.ask(b"delete first\r\n", b"DELETED\r\n")
    client.ask(b"delete first\r\n", b"NOT_FOUND\r\n")
    client.ask(b"get first\r\n", b"END\r\n")
    big = random.Random(1).randbytes(512 * 1024)
    client.set(b"big", big)
    client.get(b"big", big)
    # A request in two pieces: the server has to wait in the middle of it.
    client.send(b"set slow 7 0 10\r\n01234")
    Client(port).close()
    client.ask(b"56789\r\n", b"STORED\r\n")
    client.get(b"slow", b"0123456789")
    client.close()
    print(f"protocol: {client.checks} checks")


def load_client(port, number, start, done):
    chance = random.Random(number)
    client = Client(port)
    start.wait(30)
    values = {}
    for _ in range(OPERATIONS):
        key = b"key-%d-%d" % (number, chance.randrange(10))
        if key not in values or chance.random() < 0.5:
            values[key] = chance.randbytes(chance.choice((1, 100, 2000, 20000)))
            client.set(key, values[key])
        else:
            client.get(key, values[key])
    client.close()
    done.append(client.checks)


def load(port, clients):
    start, done = threading.Barrier(clients), []
    threads = [threading.Thread(target=load_client, args=(port, number, start, done))
               for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == clients, f"{clients - len(done)} clients failed"
    print(f"load: {clients} clients, {sum(done)} operations")


if __name__ == "__main__":
    if sys.argv[2] == "1":
        protocol(int(sys.argv[1]))
    else:
        load(int(sys.argv[1]), int(sys.argv[2]))
