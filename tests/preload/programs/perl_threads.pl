# Interpreter threads of perl: shared variables, conditions, results, queues, semaphores, ends;
# prints what it found.
use strict;
use warnings;
use threads;
use threads::shared;
use Thread::Queue;
use Thread::Semaphore;

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

# Semaphores: never more inside than may be.
my $free = Thread::Semaphore->new(3);
my $inside : shared = 0;
my $most : shared = 0;
my @entering = map {
  threads->create(
    sub {
      for (1 .. 5) {
        $free->down;
        { lock $inside; $inside++; $most = $inside if $inside > $most }
        select undef, undef, undef, 0.005;
        { lock $inside; $inside-- }
        $free->up;
      }
    }
  )
} 1 .. 10;
$_->join for @entering;
print "semaphore: never more than $most inside, ", ($free->down_nb(4) ? 'too many' : 'three'),
  " free\n";

# Waits that end by time.
my $never : shared = 0;
{
  lock $never;
  my $woken = cond_timedwait $never, time + 1;
  print 'condition: ', $woken ? "woken\n" : "timed out\n";
}
my $item = Thread::Queue->new->dequeue_timed(0.1);
print 'empty queue: ', defined $item ? "an item\n" : "timed out\n";

# A limit makes those who put something in wait for those who take it out.
my $bounded = Thread::Queue->new;
$bounded->limit = 2;
my $putting = threads->create(sub { $bounded->enqueue($_) for 1 .. 200; $bounded->end });
my ($taken, $longest) = (0, 0);
while (defined(my $next = $bounded->dequeue)) {
  $taken += $next;
  my $pending = $bounded->pending // 0;
  $longest = $pending if $pending > $longest;
}
$putting->join;
print "bounded queue: sum $taken, ", ($longest > 2 ? 'too long' : 'never too long'), "\n";

# Shared structures, ends by die and exit, signals of perl's own, threads nobody joins.
my %found : shared;
my @keys = map {
  threads->create(sub { lock %found; $found{ $_[0] } = shared_clone([ 1 .. $_[0] ]) }, $_)
} 1 .. 20;
$_->join for @keys;
my $elements = 0;
$elements += @$_ for values %found;
print 'shared: ', scalar(keys %found), " keys, $elements elements\n";

my $dying = threads->create(sub { $SIG{__WARN__} = sub { }; die "expected\n" });
$dying->join;
print 'died: ', $dying->error;
my $leaving = threads->create({ context => 'list' }, sub { threads->exit(); return 1 });
print 'left: ', scalar(my @nothing = $leaving->join), " results\n";

my $ready = Thread::Semaphore->new(0);
my $killed = threads->create(
  sub {
    local $SIG{KILL} = sub { die "killed\n" };
    eval { $ready->up; select undef, undef, undef, 0.01 while 1 };
    return $@;
  }
);
$ready->down;
$killed->kill('KILL');
print 'signal: ', $killed->join;

my $ended = Thread::Semaphore->new(0);
threads->create(sub { $ended->up })->detach for 1 .. 10;
$ended->down(10);
print "detached: 10 threads\n";
