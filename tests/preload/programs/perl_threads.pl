# Interpreter threads of perl: shared variables, conditions, results, a queue; prints what it found.
use strict;
use warnings;
use threads;
use threads::shared;
use Thread::Queue;

$| = 1;

sub kernel_threads {
  open(my $status, '<', '/proc/self/status') or die "status: $!";
  my ($count) = map { /^Threads:\s+(\d+)/ ? $1 : () } <$status>;
  return $count;
}

my $counter : shared = 0;
my $arrived : shared = 0;
my $go : shared = 0;

my @threads = map {
  threads->create(
    sub {
      my ($number) = @_;
      {
        lock $arrived;
        $arrived++;
        cond_signal $arrived;
      }
      {
        lock $go;
        cond_wait $go until $go;
      }
      for (1 .. 100) {
        lock $counter;
        $counter++;
      }
      return $number;
    },
    $_
  )
} 0 .. 29;

{
  lock $arrived;
  cond_wait $arrived until $arrived == 30;
}
print 'kernel threads: ', kernel_threads(), "\n";
{
  lock $go;
  $go = 1;
  cond_broadcast $go;
}
my $results = 0;
$results += $_->join for @threads;
print "counter: $counter\n";
print "results: $results\n";

my $queue = Thread::Queue->new;
my @consumers = map {
  threads->create(
    sub {
      my ($count, $sum) = (0, 0);
      while (defined(my $item = $queue->dequeue)) { $count++; $sum += $item }
      return "$count $sum";
    }
  )
} 1 .. 4;
$queue->enqueue($_) for 1 .. 1000;
$queue->end;
my ($items, $sum) = (0, 0);
for (@consumers) {
  my ($count, $part) = split ' ', $_->join;
  $items += $count;
  $sum += $part;
}
print "queue: $items items, sum $sum\n";
