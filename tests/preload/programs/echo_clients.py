"""echo_clients.py PORT CLIENTS SERVER_PID [--silent]: keeps CLIENTS connections open at once.

Each gets back what it sends, byte for byte, unless they are silent. While all are open, prints how
many kernel threads the server has.
"""

import socket
import sys
import threading
import time

ECHOES = 20


def kernel_threads(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(next(line.split()[1] for line in status if line.startswith("Threads:")))


def settled_kernel_threads(pid):
    """Waits until the count has stopped growing: silent clients are accepted one by one."""
    count, since = 0, time.monotonic()
    while time.monotonic() - since < 0.5:
        now = kernel_threads(pid)
        if now > count:
            count, since = now, time.monotonic()
        time.sleep(0.01)
    return count


def echo(connection, number):
    for turn in range(ECHOES):
        message = b"%d/%d;" % (number, turn) * (1 + turn * 100)
        sender = threading.Thread(target=connection.sendall, args=(message,))
        sender.start()  # the reply to a long message comes while it is still being sent
        got = b""
        while len(got) < len(message) and (data := connection.recv(65536)):
            got += data
        sender.join()
        assert got == message, f"client {number}, turn {turn}: a wrong reply of {len(got)} bytes"


def main():
    port, clients, pid = map(int, sys.argv[1:4])
    silent = sys.argv[4:] == ["--silent"]
    connections = [socket.create_connection(("127.0.0.1", port), 30) for _ in range(clients)]
    succeeded = []

    def talk(number):
        echo(connections[number], number)
        succeeded.append(number)

    threads = [threading.Thread(target=talk, args=(number,))
               for number in range(0 if silent else clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("kernel threads:", settled_kernel_threads(pid))
    for connection in connections:
        connection.close()
    assert len(succeeded) == len(threads), f"{len(threads) - len(succeeded)} clients failed"
    print(clients, "clients,", len(succeeded) * ECHOES, "echoes")


main()
