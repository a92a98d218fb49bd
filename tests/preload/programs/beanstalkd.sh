#!/usr/bin/env bash
# beanstalkd, a work queue with a log on disk: four producers and four consumers at once, every job
# once and whole; jobs that are left over survive a restart.
source "$(dirname "$0")/common.sh" "$@"
need beanstalkd python3
describe beanstalkd "2,000 jobs of 4 producers reach 4 consumers once and whole; 52 left over are found by a native server"

port=$(free_port)
mkdir log
cat >jobs.py <<'END'
import socket, sys, threading

port, jobs = int(sys.argv[1]), int(sys.argv[2])
got, lock = {}, threading.Lock()


def body(number):
    return (b"job %d " % number) * (1 + number % 300)


class Client:
    def __init__(self):
        self.file = socket.create_connection(("127.0.0.1", port), 30).makefile("rwb")

    def ask(self, data):
        self.file.write(data)
        self.file.flush()
        return self.file.readline().split()

    def reserve(self):
        word, number, size = self.ask(b"reserve-with-timeout 20\r\n")
        data = self.file.read(int(size) + 2)[:-2]
        assert self.ask(b"delete %s\r\n" % number) == [b"DELETED"]
        return data


def produce(first):
    client = Client()
    for number in range(first, jobs, 4):
        data = body(number)
        assert client.ask(b"put 0 0 60 %d\r\n%s\r\n" % (len(data), data))[0] == b"INSERTED"


def consume():
    client = Client()
    for _ in range(jobs // 4):
        data = client.reserve()
        number = int(data.split()[1])
        with lock:
            assert number not in got and data == body(number), number
            got[number] = True


mode = sys.argv[3]
threads = [threading.Thread(target=produce, args=(n,)) for n in range(4) if mode != "take"]
threads += [threading.Thread(target=consume) for _ in range(4) if mode != "leave"]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(got), "jobs")
END

serve() {
  "$1" "$2" beanstalkd -l 127.0.0.1 -p "$port" -b "$TMP/log" -f 0
  wait_ready "$PID" port_open "$port"
}

jobs() {
  native python3 jobs.py "$port" "$1" "$2" >jobs
}

serve start beanstalkd
measure 2000 jobs jobs 2000 both
assert_equal "what was got" "2000 jobs" "$(cat jobs)"
jobs 52 leave
report threads "$(kernel_threads "$PID")"
stop "$PID"
under_test=$STATUS
serve start_native beanstalkd_native
jobs 52 take
assert_equal "what was left" "52 jobs" "$(cat jobs)"
stop "$PID"
assert_equal "exit status after SIGTERM" "$STATUS" "$under_test"
