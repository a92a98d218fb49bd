# Exercises Ruby's threads, as a program that knows nothing about fibers; prints what it found.
require 'open3'
require 'socket'
require 'timeout'

$stdout.sync = true
Thread.abort_on_exception = true

def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

def kernel_threads = File.read('/proc/self/status')[/^Threads:\s+(\d+)/, 1]

def mutex
  lock = Mutex.new
  total = 0
  threads = Array.new(100) do
    Thread.new do
      100.times do
        lock.synchronize do
          seen = total
          Thread.pass # gives others the chance to break in
          total = seen + 1
        end
      end
    end
  end
  threads.each(&:join)
  "100 threads, #{total} increments"
end

def queues
  items = SizedQueue.new(10)
  producers = Array.new(8) { |n| Thread.new { (n...8000).step(8) { |item| items << item } } }
  consumers = Array.new(8) { Thread.new { Array.new(1000) { items.pop }.sum } }
  producers.each(&:join)
  "8 producers, 8 consumers, 8000 items, sum #{consumers.sum(&:value)}"
end

def conditions
  lock = Mutex.new
  changed = ConditionVariable.new
  waiting = 0
  open = false
  threads = Array.new(50) do
    Thread.new do
      lock.synchronize do
        waiting += 1
        changed.wait(lock) until open
      end
      :woken
    end
  end
  Thread.pass until lock.synchronize { waiting } == 50
  lock.synchronize do
    open = true
    changed.broadcast
  end
  "#{threads.map(&:value).count(:woken)} threads woken"
end

def sleeps
  start = now
  Array.new(50) { Thread.new { sleep 0.3 } }.each(&:join)
  elapsed = now - start
  raise "slept #{elapsed} s" unless (0.3..3).cover?(elapsed)

  '50 threads, as long as one'
end

def timeout
  reader, = IO.pipe
  Timeout.timeout(0.2) { reader.read(1) }
  'read from an empty pipe'
rescue Timeout::Error
  'given up'
end

def echo_lines(client)
  while (line = client.gets)
    client.puts(line.upcase)
  end
  client.close
end

def talk(port, number, counted)
  client = TCPSocket.new('127.0.0.1', port)
  correct = Array.new(10) do |turn|
    client.puts("client #{number} turn #{turn}")
    client.gets == "CLIENT #{number} TURN #{turn}\n"
  end
  counted.pop # nothing comes, until it is closed: the connection stays open to be counted
  client.close
  correct.count(true)
end

def server
  listener = TCPServer.new('127.0.0.1', 0)
  port = listener.addr[1]
  acceptor = Thread.new { 50.times.map { Thread.new(listener.accept) { |c| echo_lines(c) } } }
  counted = Queue.new
  clients = Array.new(50) { |number| Thread.new { talk(port, number, counted) } }
  acceptor.value # all are connected, each with a thread at both ends
  puts "kernel threads: #{kernel_threads}"
  counted.close
  correct = clients.sum(&:value)
  acceptor.value.each(&:join)
  "50 clients, #{correct} correct replies"
end

def children
  replies = Array.new(10) do |number|
    Thread.new { Open3.capture2('cat', stdin_data: "from #{number}")[0] == "from #{number}" }
  end
  "#{replies.map(&:value).count(true)} replies"
end

%i[mutex queues conditions sleeps timeout server children].each do |test|
  puts "#{test}: #{send(test)}"
end
