// Blocking calls of libc's on a fiber that has been killed, or whose time is up: nothing is thrown
// through C code, so they fail with ECANCELED until the fiber comes to a wait of the API.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <weft/detail/shielded.h>
#include <weft/fiber_exit.h>
#include <weft/patch.h>
#include <weft/timeout.h>
#include <weft/weft.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <functional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "tests/support/pairs.h"

namespace {

using namespace std::chrono_literals;
using weft::test::make_pipe;
using weft::test::Pair;

constexpr int kLong = 20;  // seconds: longer than any of these tests may take

// Calls something that would wait for long; the errno that it failed with, 0 if it has not.
struct Call {
  const char* name;
  std::function<int()> wait;
};

int error_of(long result) { return result == -1 ? errno : 0; }

int write_to_a_full_pipe() {
  const Pair pipe = make_pipe();
  const std::string much(1 << 20, 'x');
  while (true) {
    const ssize_t written = ::write(pipe.far, much.data(), much.size());
    if (written < 0) {
      return errno;
    }
    EXPECT_GT(written, 0);
  }
}

int accept_nobody() {
  const weft::test::Listener listener;
  return error_of(::accept(listener.fd(), nullptr, nullptr));
}

int connect_to_a_full_backlog() {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string name = "weft_called_off_" + std::to_string(::getpid());
  name.copy(address.sun_path + 1, sizeof address.sun_path - 1);  // in no folder
  const auto* const to = reinterpret_cast<const sockaddr*>(&address);
  const int server = ::socket(AF_UNIX, SOCK_STREAM, 0);
  EXPECT_EQ(::bind(server, to, sizeof address), 0);
  EXPECT_EQ(::listen(server, 0), 0);
  int error = 0;
  std::vector<int> clients;
  while (error == 0) {
    clients.push_back(::socket(AF_UNIX, SOCK_STREAM, 0));
    error = error_of(::connect(clients.back(), to, sizeof address));
  }
  for (const int client : clients) {
    ::close(client);
  }
  ::close(server);
  return error;
}

int wait_for_epoll() {
  const int fd = ::epoll_create1(0);
  epoll_event event = {};
  const int error = error_of(::epoll_wait(fd, &event, 1, -1));
  ::close(fd);
  return error;
}

int receive_a_message() {
  const std::string name = "/weft_called_off_" + std::to_string(::getpid());
  mq_attr attributes = {};
  attributes.mq_maxmsg = 1;
  attributes.mq_msgsize = 8;
  const mqd_t queue = ::mq_open(name.c_str(), O_RDONLY | O_CREAT, 0600, &attributes);
  ::mq_unlink(name.c_str());
  char message[8];
  const int error = error_of(::mq_receive(queue, message, sizeof message, nullptr));
  ::mq_close(queue);
  return error;
}

int wait_for_a_child() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(kLong);
    weft::original<&::pause>()();  // the child is under the same limit
    ::_exit(0);
  }
  int status = 0;
  const int error = error_of(::waitpid(child, &status, 0));
  ::kill(child, SIGKILL);
  const weft::detail::Shielded shield;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return error;
}

int read_a_line() {
  const Pair pipe = make_pipe();
  FILE* const file = ::fdopen(::dup(pipe.near), "r");
  char line[8];
  const int error = ::fgets(line, sizeof line, file) == nullptr ? errno : 0;
  EXPECT_NE(::ferror(file), 0);
  ::fclose(file);
  return error;
}

int wait_for_a_signal() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGUSR2);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  return error_of(::sigwaitinfo(&set, nullptr));
}

const std::vector<Call>& calls() {
  static const std::vector<Call> all = {
      {"read",
       [] {
         char byte = 0;
         return error_of(::read(make_pipe().near, &byte, 1));
       }},
      {"write", write_to_a_full_pipe},
      {"recv",
       [] {
         char byte = 0;
         return error_of(::recv(weft::test::make_socket_pair().near, &byte, 1, 0));
       }},
      {"accept", accept_nobody},
      {"connect", connect_to_a_full_backlog},
      {"poll", [] { return error_of(::poll(nullptr, 0, kLong * 1000)); }},
      {"select",
       [] {
         const Pair pipe = make_pipe();
         fd_set set;
         FD_ZERO(&set);
         FD_SET(pipe.near, &set);
         return error_of(::select(pipe.near + 1, &set, nullptr, nullptr, nullptr));
       }},
      {"epoll_wait", wait_for_epoll},
      {"sleep", [] { return ::sleep(kLong) >= kLong - 2 ? errno : 0; }},
      {"usleep", [] { return error_of(::usleep(kLong * 1000 * 1000)); }},
      {"nanosleep",
       [] {
         const timespec time = {kLong, 0};
         timespec left = {};
         const int error = error_of(::nanosleep(&time, &left));
         EXPECT_GE(left.tv_sec, kLong - 2);
         return error;
       }},
      {"clock_nanosleep",
       [] {
         const timespec time = {kLong, 0};
         return ::clock_nanosleep(CLOCK_REALTIME, 0, &time, nullptr);
       }},
      {"mq_receive", receive_a_message},
      {"waitpid", wait_for_a_child},
      {"fgets", read_a_line},
      {"sigwaitinfo", wait_for_a_signal},
      {"pause", [] { return error_of(::pause()); }},
  };
  return all;
}

TEST(CalledOff, CallsFailWhenTheTimeIsUp) {
  for (const Call& call : calls()) {
    SCOPED_TRACE(call.name);
    int error = 0;
    EXPECT_THROW(weft::with_timeout(20ms, [&] { error = call.wait(); }), weft::TimeoutError);
    EXPECT_EQ(error, ECANCELED);
  }
}

TEST(CalledOff, CallsOfAKilledFiberFail) {
  for (const Call& call : calls()) {
    SCOPED_TRACE(call.name);
    int error = 0;
    bool has_ended_there = false;
    const auto fiber = weft::spawn([&] {
      error = call.wait();
      has_ended_there = true;
      weft::sleep(1s * kLong);
    });
    weft::idle();
    fiber.kill();
    EXPECT_TRUE(has_ended_there);
    EXPECT_EQ(error, ECANCELED);
    EXPECT_TRUE(fiber.was_killed());
  }
}

// Libraries try again, and clean up with calls that wait.
TEST(CalledOff, LastsUntilAWaitThrows) {
  const Pair pipe = make_pipe();
  char byte = 0;
  weft::Timeout timeout(5ms);
  EXPECT_EQ(::poll(nullptr, 0, kLong * 1000), -1);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(::read(pipe.near, &byte, 1), -1);
    EXPECT_EQ(errno, ECANCELED);
  }
  EXPECT_THROW(weft::sleep(1ms), weft::TimeoutError);
  const auto writer = weft::spawn([&] { EXPECT_EQ(::write(pipe.far, "x", 1), 1); });
  EXPECT_EQ(::read(pipe.near, &byte, 1), 1);
  writer.join();
}

TEST(CalledOff, WhatNeedsNoWaitGoesOn) {
  const Pair pipe = make_pipe();
  char byte = 0;
  pollfd one = {pipe.near, POLLIN, 0};
  weft::Timeout timeout(1ms);
  EXPECT_EQ(::usleep(1000 * 1000), -1);
  EXPECT_EQ(::write(pipe.far, "x", 1), 1);
  EXPECT_EQ(::poll(&one, 1, -1), 1);
  EXPECT_EQ(::read(pipe.near, &byte, 1), 1);
  EXPECT_EQ(::poll(&one, 1, 0), 0);
  EXPECT_THROW(weft::Timeout::throw_if_cut_short(), weft::TimeoutError);
}

void throw_its_error() {
  if (::usleep(kLong * 1000 * 1000) != 0) {
    throw std::system_error(errno, std::generic_category());
  }
}

TEST(CalledOff, ExceptionsOfALibrarysErrorsAreReplaced) {
  EXPECT_THROW(weft::with_timeout(1ms, throw_its_error), weft::TimeoutError);
  EXPECT_EQ(weft::with_timeout(
                1ms,
                [] {
                  throw_its_error();
                  return 1;
                },
                2),
            2);
  EXPECT_FALSE(weft::Timeout(1ms).silent(throw_its_error));
  const auto fiber = weft::spawn(throw_its_error);
  weft::idle();
  fiber.kill();
  EXPECT_TRUE(fiber.was_killed());
  EXPECT_THROW(weft::with_timeout(1s, [] { throw std::logic_error("other"); }), std::logic_error);
}

// C code that waits for a lock does not expect to fail.
TEST(CalledOff, LocksAreWaitedFor) {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  int error = -1;
  ::pthread_mutex_lock(&mutex);
  const auto fiber = weft::spawn([&] {
    error = ::pthread_mutex_lock(&mutex);
    ::pthread_mutex_unlock(&mutex);
    weft::sleep(1s * kLong);
  });
  weft::idle();
  fiber.kill_soon();
  weft::idle();
  EXPECT_EQ(error, -1);
  ::pthread_mutex_unlock(&mutex);
  fiber.join();
  EXPECT_EQ(error, 0);
  EXPECT_TRUE(fiber.was_killed());
}

TEST(CalledOff, ShieldedCallsGoOn) {
  weft::Timeout timeout(1ms);
  {
    const weft::detail::Shielded shield;
    EXPECT_EQ(::usleep(10 * 1000), 0);
  }
  EXPECT_EQ(::usleep(1000 * 1000), -1);
  EXPECT_EQ(errno, ECANCELED);
}

}  // namespace
