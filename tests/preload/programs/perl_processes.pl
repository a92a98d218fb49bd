# Processes, pipes, sockets and signals of perl; prints what it found.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(time);

$| = 1;

sub forks {
  my @children = map {
    my $number = $_;
    my $pid = fork // die "fork: $!";
    exit $number if $pid == 0;
    $pid;
  } 0 .. 9;
  my @statuses = map { waitpid($_, 0); $? >> 8 } @children;
  print 'fork: ', scalar @children, " children, exit statuses @statuses\n";
}

# More than a pipe holds in both directions, so one process always waits for another.
sub pipes {
  my $pid = open(my $cat, '-|') // die "fork: $!";
  if ($pid == 0) {
    open(my $into, '|-', 'cat') or die "cat: $!";
    print $into 'x' x 200_000;
    close $into or die "cat: $!";
    exit 0;
  }
  my $data = do { local $/; <$cat> };
  close $cat or die "child: $!";
  die 'wrong data' if $data ne 'x' x 200_000;
  print 'pipes: ', length $data, " bytes through cat\n";
}

sub backticks {
  print 'backticks: ', `echo hello`;
  die 'exit status' if $?;
}

sub serve {
  my ($listener) = @_;
  for (1 .. 20) {
    my $client = $listener->accept or die "accept: $!";
    while (my $line = <$client>) { print $client uc $line }
  }
  exit 0;
}

sub sockets {
  my $listener =
    IO::Socket::INET->new(Listen => 30, LocalAddr => '127.0.0.1', LocalPort => 0, Proto => 'tcp')
    or die "listen: $!";
  my $pid = fork // die "fork: $!";
  serve($listener) if $pid == 0;
  my @clients = map {
    IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $listener->sockport)
      or die "connect: $!"
  } 1 .. 20;
  my $correct = 0;
  for my $number (0 .. 19) {
    my $client = $clients[$number];
    print $client "line $number\n";
    $client->shutdown(1);
    my $reply = <$client>;
    $correct++ if $reply eq "LINE $number\n";
    close $client;
  }
  waitpid($pid, 0);
  die 'exit status of the server' if $?;
  print 'sockets: ', scalar @clients, " clients, $correct correct replies\n";
}

sub selects {
  my $start = time;
  select(undef, undef, undef, 0.2);
  die 'too early' if time - $start < 0.2;
  pipe(my $reader, my $writer) or die "pipe: $!";
  my $select = IO::Select->new($reader);
  die 'readable before the write' if $select->can_read(0.05);
  syswrite $writer, 'x';
  die 'not readable after the write' if !$select->can_read(5);
  print "select: slept\n";
}

sub alarms {
  pipe(my $reader, my $writer) or die "pipe: $!";
  my $result = eval {
    local $SIG{ALRM} = sub { die "interrupted read\n" };
    alarm 1;
    sysread $reader, my $data, 1;
    alarm 0;
    1;
  };
  print 'alarm: ', $result ? "not interrupted\n" : $@;
}

forks();
pipes();
backticks();
sockets();
selects();
alarms();
