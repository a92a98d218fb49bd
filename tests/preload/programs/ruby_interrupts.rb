# Exercises what ends or interrupts Ruby's threads, and Monitor; prints what it found. Threads that
# are blocked in the kernel are in ruby_blocked.rb.
require 'monitor'
require 'timeout'

$stdout.sync = true
Thread.report_on_exception = false

def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

def kernel_threads = File.read('/proc/self/status')[/^Threads:\s+(\d+)/, 1]

# Threads that have all reached the block's wait, which is a sleep without end for Ruby.
def waiting(count, &block)
  threads = Array.new(count) { |number| Thread.new(number, &block) }
  Thread.pass until threads.all? { |thread| thread.status == 'sleep' }
  threads
end

def raises
  queue = Queue.new
  lock = Mutex.new.lock
  waits = [-> { sleep }, -> { queue.pop }, -> { lock.lock }]
  threads = waiting(60) do |number|
    waits[number % 3].call
  rescue ArgumentError => e
    e.message
  end
  puts "kernel threads: #{kernel_threads}"
  threads.each_with_index { |thread, number| thread.raise(ArgumentError, "error #{number}") }
  correct = threads.each_with_index.count { |thread, number| thread.value == "error #{number}" }
  "#{correct} threads"
end

def kills
  ensured = Queue.new
  threads = waiting(50) do |number|
    sleep
  ensure
    ensured << number
  end
  threads.each(&:kill).each(&:join)
  "#{ensured.size} threads, #{threads.count(&:alive?)} alive"
end

def handle_interrupts
  begun = Queue.new
  go = Queue.new
  thread = Thread.new do
    Thread.handle_interrupt(RuntimeError => :never) do
      begun << true
      go.pop
      'nothing pending' unless Thread.pending_interrupt?
    rescue RuntimeError
      'too early'
    end
  rescue RuntimeError => e
    e.message
  end
  begun.pop
  thread.raise('deferred')
  go << true
  thread.value
end

def timeouts
  queue = Queue.new
  lock = Mutex.new.lock
  waits = [-> { sleep }, -> { queue.pop }, -> { lock.lock }]
  start = now
  threads = Array.new(40) do |number|
    Thread.new do
      Timeout.timeout(0.2) { waits[number % 3].call }
      :in_time
    rescue Timeout::Error
      :late
    end
  end
  late = threads.count { |thread| thread.value == :late }
  raise "took #{now - start} s" unless (0.2..5).cover?(now - start)

  inner = Timeout.timeout(5) { Timeout.timeout(0.05) { sleep } rescue 'the inner one' }
  computing = Timeout.timeout(0.1) { loop { 1 + 1 } } rescue 'computing'
  "#{late} threads, #{inner}, #{computing}"
end

def monitors
  items = [].extend(MonitorMixin)
  filled = items.new_cond
  takers = Array.new(20) do
    Thread.new do
      Array.new(50) do
        items.synchronize do
          items.synchronize { filled.wait_while { items.empty? } }
          items.pop
        end
      end.sum
    end
  end
  1000.times { |item| items.synchronize { items.push(item) && filled.signal } }
  sum = takers.sum(&:value)
  woken = items.synchronize { filled.wait(0.05) }
  "20 takers, sum #{sum}, #{items.size} left, waited #{woken.class}"
end

def closed_queues
  queue = Queue.new
  takers = waiting(20) { queue.pop }
  queue.close
  full = SizedQueue.new(1)
  full << 0
  putters = waiting(20) do
    full << 1
  rescue ClosedQueueError
    :closed
  end
  full.close
  "#{takers.count { |thread| thread.value.nil? }} takers, " \
    "#{putters.count { |thread| thread.value == :closed }} putters"
end

def condition_timeouts
  lock = Mutex.new
  changed = ConditionVariable.new
  start = now
  threads = Array.new(50) do
    Thread.new { lock.synchronize { changed.wait(lock, 0.2) } }
  end
  threads.each(&:join)
  lock.synchronize { lock.sleep(0.05) }
  raise "took #{now - start} s" unless (0.25..5).cover?(now - start)

  "#{threads.size} threads"
end

def exceptions
  threads = Array.new(50) { |number| Thread.new { raise IndexError, number.to_s } }
  sum = threads.sum do |thread|
    thread.value
  rescue IndexError => e
    e.message.to_i
  end
  "sum #{sum}"
end

def locals
  threads = waiting(50) do |number|
    Thread.current[:number] = number
    Thread.current.thread_variable_set(:number, number)
    Fiber.new { Thread.current[:number] = -1 }.resume
    Thread.stop
    Thread.current[:number] + Thread.current.thread_variable_get(:number)
  end
  threads.each(&:wakeup)
  "sum #{threads.sum(&:value)}"
end

def deadlock
  Queue.new.pop
  'not noticed'
rescue fatal_error => e
  e.message[/No live threads left/] || e.message
end

def fatal_error = ObjectSpace.each_object(Class).find { |type| type.name == 'fatal' }

def signals
  got = Queue.new
  old = trap('USR1') { got << true }
  sleepers = waiting(20) { sleep }
  3.times do
    Process.kill('USR1', Process.pid)
    got.pop
  end
  asleep = sleepers.count { |thread| thread.status == 'sleep' }
  sleepers.each(&:kill).each(&:join)
  trap('USR1', old)
  "3 handled, #{asleep} still asleep"
end

def forks
  statuses = Array.new(5) do |number|
    Thread.new do
      pid = fork do
        Array.new(10) { Thread.new { sleep 0.01 } }.each(&:join)
        exit!(number)
      end
      Process.wait2(pid)[1].exitstatus
    end
  end
  statuses.map(&:value).join(' ')
end

%i[raises kills handle_interrupts timeouts monitors closed_queues condition_timeouts exceptions
   locals signals forks deadlock].each { |test| puts "#{test}: #{send(test)}" }
