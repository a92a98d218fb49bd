"""Types into programs that talk to a terminal, and reads what they answer: repl.py RUNNER..."""
import os
import pty
import select
import sys
import time

PATIENCE = 20  # seconds for all of one program


class Terminal:
    def __init__(self, command):
        self.name = command[-2]
        self.end = time.monotonic() + PATIENCE
        self.seen = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(command[0], command)

    def read(self):
        """False at the end of the program."""
        if not select.select([self.fd], [], [], max(0, self.end - time.monotonic()))[0]:
            os.kill(self.pid, 9)
            sys.exit(f"{self.name}: nothing came behind {self.seen!r}")
        try:
            piece = os.read(self.fd, 4096)
        except OSError:  # EIO: nobody has the other end any more
            piece = b""
        self.seen += piece
        return piece != b""

    def expect(self, answer):
        while answer not in self.seen:
            if not self.read():
                sys.exit(f"{self.name} has ended, without {answer!r}: {self.seen!r}")
        self.seen = self.seen.partition(answer)[2]

    def type(self, line):
        os.write(self.fd, line + b"\n")

    def close(self):
        while self.read():
            pass
        print(self.name, "ended with", os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1]))


runner = sys.argv[1:]

bc = Terminal([*runner, "bc", "-q"])
bc.type(b"6 * 7")
bc.expect(b"42\r\n")
bc.type(b"x = 3; x ^ 5")
bc.expect(b"243\r\n")
bc.type(b"quit")
bc.close()

dash = Terminal([*runner, "dash", "-i"])
dash.type(b"read word; echo got-$word")
dash.type(b"hello")
dash.expect(b"got-hello\r\n")
dash.type(b"exit 3")
dash.close()

python = Terminal([*runner, "python3", "-i"])
python.expect(b">>> ")
python.type(b"import threading, time; ticks = []")
python.expect(b">>> ")
# One thread lives on while the first one waits at its prompt.
python.type(b"threading.Thread(target=lambda: [ticks.append(time.sleep(0.001)) for _ in range(50)]).start()")
python.expect(b">>> ")
python.type(b"print('thr' + 'eads', threading.active_count() > 0, input('as' + 'k? '))")
python.expect(b"ask? ")
python.type(b"an answer")
python.expect(b"threads True an answer\r\n")
python.type(b"while len(ticks) < 50: time.sleep(0.001)")
python.type(b"")
python.type(b"print(6 * 7)")
python.expect(b"42\r\n")
python.type(b"exit()")
python.close()
