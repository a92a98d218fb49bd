#include <sys/wait.h>
#include <unistd.h>
#include <weft/detail/shielded.h>
#include <weft/fiber.h>
#include <weft/fiber_scope.h>
#include <weft/mutex.h>
#include <weft/run.h>
#include <weft/subprocess.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "runtime/api_error.h"
#include "runtime/guard.h"
#include "runtime/pidfd.h"
#include "runtime/spawn_process.h"
#include "runtime/sys.h"

namespace weft {

namespace sys = runtime::sys;

namespace {

std::string joined(const std::vector<std::string>& args) {
  std::string text;
  for (const std::string& arg : args) {
    text += (text.empty() ? "" : " ") + arg;
  }
  return text;
}

// Closes what the child alone needs.
class OwnFd {
 public:
  OwnFd() = default;
  ~OwnFd() {
    if (fd_ >= 0) {
      sys::call(SYS_close, fd_);
    }
  }
  OwnFd(const OwnFd&) = delete;
  OwnFd& operator=(const OwnFd&) = delete;
  void take(long fd, const char* call) { fd_ = static_cast<int>(detail::checked(fd, call)); }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_ = -1;
};

// Python's: what it exited with, or -N for signal N.
int code_of(int status) { return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status); }

// Nobody else shares our end's description: it may be non-blocking.
File own_end(int fd) { return File::from_fd(fd, {.policy = FilePolicy::kNonblock}); }

}  // namespace

struct Subprocess::State {
  std::vector<std::string> args;
  pid_t pid = -1;
  detail::Pidfd child;
  File in;
  File out;
  File err;
  Mutex mutex;
  std::optional<int> code;  // guarded by mutex
  bool has_input = false;   // of communicate()
  Output output;            // the same

  void start(const SubprocessOptions& options);
  int stream_of(Stdio what, int number, OwnFd& childs, File& ours);
  std::optional<int> take_code();
  void feed(const std::string& input);
  static void drain(File& file, std::string& text);
};

// Which descriptor the child's stream is made of; -1: it stays as it is.
int Subprocess::State::stream_of(Stdio what, int number, OwnFd& childs, File& ours) {
  if (what == Stdio::inherit()) {
    return number;
  }
  if (what == Stdio::null()) {
    childs.take(sys::call(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC), "/dev/null");
    return childs.get();
  }
  if (what != Stdio::pipe()) {
    return what.number();
  }
  int ends[2] = {-1, -1};
  detail::checked(sys::call(SYS_pipe2, ends, O_CLOEXEC), "weft::Subprocess: pipe");
  const int childs_end = number == STDIN_FILENO ? 0 : 1;
  childs.take(ends[childs_end], "weft::Subprocess: pipe");
  ours = own_end(ends[1 - childs_end]);
  return childs.get();
}

void Subprocess::State::start(const SubprocessOptions& options) {
  OwnFd childs[3];
  int streams[3] = {};
  streams[0] = stream_of(options.in, STDIN_FILENO, childs[0], in);
  streams[1] = stream_of(options.out, STDOUT_FILENO, childs[1], out);
  streams[2] = options.err == Stdio::to_stdout()
                   ? streams[1]
                   : stream_of(options.err, STDERR_FILENO, childs[2], err);
  const detail::Spawned spawned = detail::spawn_process(args, options, streams);
  pid = spawned.pid;
  child = detail::Pidfd(spawned.pidfd);
}

std::optional<int> Subprocess::State::take_code() {
  const detail::Guard hold(mutex);
  if (!code) {
    if (const auto status = child.take_status()) {
      code = code_of(*status);
    }
  }
  return code;
}

Subprocess::Subprocess(std::vector<std::string> args, const SubprocessOptions& options)
    : state_(std::make_unique<State>()) {
  state_->args = std::move(args);
  state_->start(options);
}

Subprocess::Subprocess(Subprocess&& other) noexcept = default;
Subprocess& Subprocess::operator=(Subprocess&& other) noexcept {
  Subprocess old(std::move(other));
  std::swap(state_, old.state_);
  return *this;
}

Subprocess::~Subprocess() {
  if (state_ == nullptr) {
    return;
  }
  state_->in.drop();
  if (state_->code) {
    return;
  }
  const detail::Shielded shielded;
  try {
    poll();
  } catch (...) {  // NOLINT(bugprone-empty-catch): somebody else has taken its end
  }
}

pid_t Subprocess::pid() const { return state_->pid; }
const std::vector<std::string>& Subprocess::args() const { return state_->args; }
File& Subprocess::in() { return state_->in; }
File& Subprocess::out() { return state_->out; }
File& Subprocess::err() { return state_->err; }

std::optional<int> Subprocess::poll() { return state_->take_code(); }

std::optional<int> Subprocess::returncode() const {
  const detail::Guard hold(state_->mutex);
  return state_->code;
}

std::optional<int> Subprocess::wait_until_deadline(std::int64_t deadline) {
  std::optional<int> code = returncode();
  while (!code && state_->child.wait(deadline)) {
    code = poll();
  }
  return code;
}

void Subprocess::send_signal(int signal) {
  if (poll()) {
    return;
  }
  const int error = state_->child.send(signal);
  if (error != 0 && error != ESRCH) {
    detail::throw_errno(error, "weft::Subprocess::send_signal");
  }
}

void Subprocess::terminate() { send_signal(SIGTERM); }
void Subprocess::kill() { send_signal(SIGKILL); }

// ---- communicate: a fiber for each pipe. One that is killed in the middle has lost nothing: what
// was read is in `output`, what was not written is in the file's buffer.

void Subprocess::State::feed(const std::string& input) {
  try {
    if (!std::exchange(has_input, true)) {
      in.write(input);
    }
    in.close();
  } catch (const std::system_error& error) {
    if (error.code().value() != EPIPE) {  // it does not want to know
      throw;
    }
  }
}

void Subprocess::State::drain(File& file, std::string& text) {
  char piece[16 * 1024];
  while (const std::size_t got = file.read_some(piece)) {
    text.append(piece, got);
  }
  file.close();
}

Output Subprocess::communicate_until_deadline(std::string_view input, std::int64_t deadline) {
  State& state = *state_;
  FiberScope helpers;
  std::vector<Fiber<void>> results;
  const auto start = [&](auto body) { results.push_back(helpers.spawn(std::move(body))); };
  if (state.in.is_open()) {
    start([&state, text = std::string(input)] { state.feed(text); });
  }
  if (state.out.is_open()) {
    start([&state] { State::drain(state.out, state.output.out); });
  }
  if (state.err.is_open()) {
    start([&state] { State::drain(state.err, state.output.err); });
  }
  for (const Fiber<void>& each : results) {
    if (!each.join_until(detail::moment_of(deadline))) {
      throw TimeoutExpired(state.args, state.output);
    }
    each.get();
  }
  if (!wait_until_deadline(deadline)) {
    throw TimeoutExpired(state.args, state.output);
  }
  return std::exchange(state.output, {});
}

TimeoutExpired::TimeoutExpired(const std::vector<std::string>& args, Output output)
    : std::runtime_error("'" + joined(args) + "' has not ended in time"),
      output_(std::make_shared<const Output>(std::move(output))) {}

// ---- run and its kin

CalledProcessError::CalledProcessError(CompletedProcess process)
    : std::runtime_error("'" + joined(process.args) + "' " +
                         (process.returncode < 0
                              ? "died of signal " + std::to_string(-process.returncode)
                              : "exited with " + std::to_string(process.returncode))),
      process_(std::make_shared<const CompletedProcess>(std::move(process))) {}

void CompletedProcess::check_returncode() const {
  if (returncode != 0) {
    throw CalledProcessError(*this);
  }
}

CompletedProcess run(const std::vector<std::string>& args, const RunOptions& options) {
  SubprocessOptions start = options.start;
  if (options.capture_output) {
    start.out = start.err = Stdio::pipe();
  }
  if (options.input) {
    start.in = Stdio::pipe();
  }
  Subprocess process(args, start);
  try {
    Output output = process.communicate_for(options.timeout, options.input.value_or(""));
    CompletedProcess done = {args, *process.returncode(), std::move(output.out),
                             std::move(output.err)};
    if (options.check) {
      done.check_returncode();
    }
    return done;
  } catch (...) {
    const detail::Shielded shielded;
    process.kill();
    process.wait();
    throw;
  }
}

int call(const std::vector<std::string>& args, const RunOptions& options) {
  return run(args, options).returncode;
}

void check_call(const std::vector<std::string>& args, const RunOptions& options) {
  run(args, options).check_returncode();
}

std::string check_output(const std::vector<std::string>& args, const RunOptions& options) {
  RunOptions checked = options;
  checked.start.out = Stdio::pipe();
  CompletedProcess process = run(args, checked);
  process.check_returncode();
  return std::move(process.out);
}

}  // namespace weft
