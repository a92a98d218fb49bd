# Exercises what ends threads that are blocked in system calls, for which Ruby interrupts these by
# pthread_kill; prints what it found.
require 'io/wait'
require 'socket'
require 'timeout'

$stdout.sync = true
Thread.report_on_exception = false

READER, WRITER = IO.pipe
CLIENT, SERVER = UNIXSocket.pair
LISTENER = TCPServer.new('127.0.0.1', 0)
CALLS = {
  read: -> { READER.read(1) },
  recv: -> { CLIENT.recv(1) },
  accept: -> { LISTENER.accept },
  poll: -> { READER.wait_readable },
  select: -> { IO.select([READER]) },
  child: -> { Process.wait(spawn('sleep', '3')) }
}.freeze

# Ten threads that are blocked in the call, or about to be.
def blocked(call)
  threads = Array.new(10) do
    Thread.new do
      CALLS[call].call
      :went_on
    rescue ArgumentError
      :raised
    end
  end
  Thread.pass until threads.all? { |thread| thread.status == 'sleep' }
  threads
end

# The results of the threads, of those that end in time.
def results(threads)
  limit = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 2
  threads.map do |thread|
    left = limit - Process.clock_gettime(Process::CLOCK_MONOTONIC)
    thread.join([left, 0].max) ? thread.value || :killed : :still_blocked
  end.tally
end

def raised(call) = results(blocked(call).each { |thread| thread.raise(ArgumentError) })

def killed(call) = results(blocked(call).each(&:kill))

def timed_out(call)
  threads = Array.new(10) do
    Thread.new do
      Timeout.timeout(0.1) { CALLS[call].call }
      :went_on
    rescue Timeout::Error
      :late
    end
  end
  results(threads)
end

CALLS.each_key do |call|
  %i[raised killed timed_out].each { |test| puts "#{call} #{test}: #{send(test, call)}" }
end
exit!(true) # without waiting for those still blocked
