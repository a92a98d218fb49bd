# OpenSSL in threads: a server with a thread per connection and its clients, in one process, which
# exchange more than a socket takes at once in both directions.
import socket
import ssl
import sys
import threading

CLIENTS = 20
SIZE = 300_000

server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server_context.load_cert_chain("cert.pem", "key.pem")
client_context = ssl.create_default_context(cafile="cert.pem")
answers = []


def receive(connection, size):
    parts = []
    while size > 0:
        part = connection.recv(min(size, 65536))
        assert part, "the connection ended early"
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def serve(plain):
    with server_context.wrap_socket(plain, server_side=True) as connection:
        connection.sendall(receive(connection, SIZE)[::-1])


def ask(number):
    data = bytes((number + i) % 251 for i in range(1000)) * (SIZE // 1000)
    with socket.create_connection(("127.0.0.1", port)) as plain:
        with client_context.wrap_socket(plain, server_hostname="localhost") as connection:
            connection.sendall(data)
            answers.append(receive(connection, SIZE) == data[::-1])


listener = socket.create_server(("127.0.0.1", 0), backlog=CLIENTS)
port = listener.getsockname()[1]
clients = [threading.Thread(target=ask, args=(i,)) for i in range(CLIENTS)]
for client in clients:
    client.start()
servers = [threading.Thread(target=serve, args=(listener.accept()[0],)) for _ in clients]
for server in servers:
    server.start()
for thread in clients + servers:
    thread.join()
print(f"{sum(answers)} of {len(answers)} answers are right, {ssl.OPENSSL_VERSION.split()[0]}")
sys.exit(0 if sum(answers) == CLIENTS else 1)
