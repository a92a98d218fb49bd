"""dns_client.py PORT ZONE CLIENTS NAMES PREFIX: asks a name server of many clients at once.

Client c asks for the addresses of its share of name-1.ZONE, name-2.ZONE... by UDP and TCP in turns.
The whole answer is checked: what was asked, and PREFIX.(n / 256).(n % 256), nothing else.
"""

import socket
import struct
import sys
import threading


def question(name):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return labels + b"\0" + struct.pack("!HH", 1, 1)  # A, IN


def check(reply, number, asked, address):
    got, flags, questions, answers = struct.unpack("!HHHH", reply[:8])
    assert (got, questions, answers) == (number, 1, 1), (got, questions, answers, reply)
    assert flags & 0x800F == 0x8000, f"flags {flags:x}"  # a response without error
    assert reply[12:12 + len(asked)] == asked, "another question"
    record = reply[12 + len(asked):]
    kind, where, _, length = struct.unpack("!HHIH", record[2:12])
    assert record[:2] == b"\xc0\x0c" and (kind, where, length) == (1, 1, 4), record
    assert record[12:16] == address, f"{record[12:16]} instead of {address}"


def receive(connection, length):
    data = b""
    while len(data) < length:
        more = connection.recv(length - len(data))
        assert more, "closed in the middle"
        data += more
    return data


def ask_udp(port, query):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(10)
        connection.connect(("127.0.0.1", port))
        connection.send(query)
        return connection.recv(4096)


def ask_tcp(port, query):
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(struct.pack("!H", len(query)) + query)
        return receive(connection, struct.unpack("!H", receive(connection, 2))[0])


def client(port, zone, numbers, prefix, done):
    for number in numbers:
        asked = question(f"name-{number}.{zone}")
        query = struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0) + asked
        address = socket.inet_aton(f"{prefix}.{number // 256}.{number % 256}")
        check((ask_tcp if number % 2 else ask_udp)(port, query), number, asked, address)
        done.append(number)


def main():
    port, zone, clients, names, prefix = sys.argv[1:]
    done = []
    threads = [
        threading.Thread(target=client, args=(int(port), zone, range(first, int(names) + 1, int(clients)),
                                              prefix, done))
        for first in range(1, int(clients) + 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == int(names), f"{len(done)} good answers"


main()
