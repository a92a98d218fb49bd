"""An echo server on gevent."""
import resource

from gevent.server import StreamServer


def serve(peer, _):
    try:
        while data := peer.recv(4096):
            peer.sendall(data)
    except OSError:
        pass  # a client that goes away


most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
server = StreamServer(("127.0.0.1", 0), serve, backlog=4096)
server.start()
print(f"listening on 127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
