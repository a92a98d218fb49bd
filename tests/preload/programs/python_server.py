"""python_server.py echo | http FOLDER: a thread per connection; says its port, ends by SIGTERM."""

import functools
import http.server
import signal
import socketserver
import sys
import threading


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(4096):
            self.request.sendall(data)
        self.server.served.append(threading.get_ident())


class EchoServer(socketserver.ThreadingTCPServer):
    request_queue_size = 256
    daemon_threads = False  # so that server_close() joins them

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Echo)
        self.served = []


class HttpServer(http.server.ThreadingHTTPServer):
    # The default of 5 drops connections of 50 clients, who then wait seconds to try again.
    request_queue_size = 256

    def __init__(self, folder):
        handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
        super().__init__(("127.0.0.1", 0), handler)


def main():
    with EchoServer() if sys.argv[1] == "echo" else HttpServer(sys.argv[2]) as server:
        # shutdown() waits for serve_forever(), which the handler of a signal interrupts.
        signal.signal(signal.SIGTERM,
                      lambda *_: threading.Thread(target=server.shutdown).start())
        print("serving on port", server.server_address[1])
        server.serve_forever()
    print("served", len(getattr(server, "served", [])), "clients")


main()
