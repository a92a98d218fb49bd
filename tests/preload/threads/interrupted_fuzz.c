/* What blocking calls return when signals come meanwhile, and what they wait for, in any order:
 *
 *     interrupted_fuzz SEED COUNT [FIRST]
 *
 * runs the cases FIRST to FIRST + COUNT - 1, of which each depends on SEED and its own number
 * alone, and prints one line for each: what is called, with what bound, what happens meanwhile, and
 * what came of it. One case can so be repeated alone, by COUNT 1.
 *
 * Each call is made by a thread of its own, on objects of its own; many cases run at once, to the
 * same clock. Its unit is far above what a thread takes to wake up:
 *
 *     0        all threads have begun their calls
 *     2 to 5   up to four steps: a signal, a part of what is waited for, all of it, a close...
 *     9        short timeouts run out; long ones never do. Those of sockets may begin anew with
 *              each piece of what is written or read: then they run out until 14
 *     16       completion: what is waited for, until the call ends; then SIGTERM, which is said
 *
 * All times are measured, too. Where a thread or a step was late, so that things may have happened
 * in another order than planned, there is no result: the experiment was not the planned one, and is
 * made again, in a slower time, up to kAttempts times. The last attempt counts as it was. A call
 * that ends when nothing has happened, or late, is said so; that the machine was late, on standard
 * error. */
#include <dirent.h>
#include <sys/ioctl.h>

#include "interrupted_calls.h"

enum { kAtOnce = 100, kAttempts = 5, kUnitMs = 12, kMostCases = 20000 };
enum { kStepsFrom = 2, kCompletion = 16 };
enum { kSlotOfCompletion = kMostSteps + 1, kPatience = 40 };

static struct trial* cases;
static sem_t gate;
static atomic_int slot;
static int64_t slot_began[kMostSteps + 2];
static _Thread_local struct trial* self;

/* --- signals */

enum { kHandled = 4 /* the first ones have handlers, and may be blocked */ };
static const struct {
  const char* name;
  int number; /* above 100: from SIGRTMIN + 1 on */
  int flags;
} kSignals[] = {
    {"USR1", SIGUSR1, 0},
    {"USR2 (restarts)", SIGUSR2, SA_RESTART},
    {"RT1 (restarts)", 101, SA_RESTART},
    {"RT2", 102, 0},
    {"WINCH (default)", SIGWINCH, 0},
    {"URG (default)", SIGURG, 0},
    {"INT (ignored)", SIGINT, 0},
};
enum { kSignalCount = sizeof kSignals / sizeof kSignals[0] };

static int number_of(int signal) {
  const int number = kSignals[signal].number;
  return number > 100 ? SIGRTMIN + number - 100 : number;
}
static const char* name_of(int number) {
  static const char* const kShort_[] = {"USR1", "USR2", "RT1", "RT2"};
  for (int i = 0; i < kHandled; i++)
    if (number_of(i) == number) return kShort_[i];
  return number == SIGPIPE ? "PIPE" : number == SIGTERM ? "TERM" : "another";
}
sigset_t* set_of(int bits, sigset_t* set) {
  sigemptyset(set);
  sigaddset(set, SIGRTMIN + 3);
  sigaddset(set,
            SIGCHLD); /* of the children: though nobody handles it, it interrupts who gets it */
  for (int i = 0; i < kHandled; i++)
    if (bits >> i & 1) sigaddset(set, number_of(i));
  return bits < 0 ? NULL : set;
}

static void on_signal(int signal) {
  if (self == NULL) return;
  const int saved_errno = errno;
  const int n = atomic_fetch_add(&self->logs, 1);
  if (n < kMostLogged)
    self->log[n] =
        (struct logged){signal, atomic_load(&slot), atomic_load(&self->has_ended), now_ns()};
  errno = saved_errno;
}

static void set_actions(void) {
  struct sigaction action = {.sa_handler = on_signal};
  sigset_t blocked;
  for (int i = 0; i < kHandled; i++) {
    action.sa_flags = kSignals[i].flags;
    CHECK(sigaction(number_of(i), &action, NULL) == 0);
  }
  action.sa_flags = 0;
  CHECK(sigaction(SIGTERM, &action, NULL) == 0 && sigaction(SIGPIPE, &action, NULL) == 0);
  action.sa_handler = SIG_IGN;
  CHECK(sigaction(SIGINT, &action, NULL) == 0);
  set_of((1 << kHandled) - 1, &blocked);
  sigdelset(&blocked, SIGCHLD);
  CHECK(pthread_sigmask(SIG_BLOCK, &blocked, NULL) == 0);
}

/* --- the plan of a case */

static uint64_t random_state;
static uint32_t below(uint32_t n) { /* splitmix64 */
  uint64_t z = random_state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return (uint32_t)((z ^ z >> 31) >> 32) % n;
}
static int choose(const int* list) {
  uint32_t n = 0;
  if (list == NULL) return 0;
  while (list[n] != -1) n++;
  return list[below(n)];
}

static bool is_socket(const struct kind* kind) { return kind->shut_own != NULL || kind == &kUdp; }

static enum timeout choose_timeout(const struct trial* t) {
  static const enum timeout kAny[] = {kNever, kNever, kNow, kShort, kShort, kLong};
  enum timeout timeout = kAny[below(6)];
  if (t->call->bound == kUnbounded || (t->call->bound == kByOption && !is_socket(t->kind)))
    return kNever;
  if (t->call->must_be_bounded && timeout == kNever) timeout = kLong;
  if (t->call->bound == kByOption && timeout == kNow) timeout = kNever;
  if (t->call->call == in_sleep && timeout == kShort) timeout = kLong; /* has seconds only */
  return timeout;
}

static act* act_of(const struct kind* kind, enum step_kind step) {
  act* const acts[] = {NULL, kind->part, kind->all, kind->close, kind->shut, kind->shut_own};
  return acts[step];
}
static struct step choose_step(const struct kind* kind) {
  static const enum step_kind kAny[] = {kSignal, kSignal, kSignal, kSignal, kPart,
                                        kPart,   kAll,    kClose,  kShut,   kShutOwn};
  struct step step = {kAny[below(10)], 0};
  if (act_of(kind, step.kind) == NULL || kind->all == make_nothing) step.kind = kSignal;
  if (step.kind == kSignal)
    step.signal =
        (int)(below(5) == 0 ? kHandled + below(kSignalCount - kHandled) : below(kHandled));
  return step;
}

/* What is as it should be under weft and differs: hooks/DESIGN.md, "Known deviations". */
static void leave_out_deviations(struct trial* t) {
  /* A handler ends a wait on a condition, spuriously. */
  if (t->kind == &kCondition) t->blocked = (1 << kHandled) - 1;
  /* Who shuts a socket down wakes those who wait by the same number, and fflush has another. It
   * asks poll(2), which says nothing of a little room when the time is over. */
  for (int i = 0; i < t->steps && t->call->call == in_fflush; i++)
    if (t->step[i].kind == kShutOwn || (t->step[i].kind == kPart && t->kind == &kFullStream))
      t->step[i] = (struct step){kSignal, kHandled};
  /* A handler beside some room in a socket's buffer, which is too little for poll(2). */
  bool has_room = false;
  for (int i = 0; i < t->steps; i++) {
    if (has_room && t->step[i].kind == kSignal) t->step[i].signal = kHandled;
    has_room = has_room || (t->step[i].kind == kPart && t->kind->part == drain_piece);
  }
}

static void plan(struct trial* t, uint64_t seed, int number) {
  random_state = seed * 0xd1342543de82ef95 + (uint64_t)number * 0x2545f4914f6cdd1d;
  t->number = number;
  t->call = &kCalls[below(kCallCount)];
  if (t->call->kinds[0] == &kChild && below(3) != 0) t->call = &kCalls[0]; /* costs a process */
  int kinds = 0;
  while (kinds < kMostKinds && t->call->kinds[kinds] != NULL) kinds++;
  t->kind = t->call->kinds[below((uint32_t)kinds)];
  t->timeout = choose_timeout(t);
  t->state = t->call->has_descriptor && below(3) == 0 ? 1 + below(kStates - 1) : kAlone;
  t->flags = choose(t->call->flags);
  t->size = choose(t->call->sizes);
  t->blocked = below(2) == 0 ? (int)below(1 << kHandled) : 0;
  t->wait_mask = t->call->has_mask && below(3) != 0 ? (int)below(1 << kHandled) : -1;
  t->raised = below(8) == 0 ? 1 + (int)below(kHandled) : 0;
  t->steps = (int)below(kMostSteps + 1);
  for (int i = 0; i < t->steps; i++) t->step[i] = choose_step(t->kind);
  leave_out_deviations(t);
  const bool has_before = t->kind != &kAwaited && t->kind != &kChild && t->call->call != in_fflush;
  t->before = below(8) == 0 && has_before ? choose_step(t->kind).kind : kSignal;
}

/* --- the thread */

static void* call_once_(void* argument) {
  struct trial* const t = argument;
  sigset_t set;
  self = t;
  t->tid = gettid();
  while (sem_wait(&gate) != 0) continue;
  pthread_sigmask(SIG_SETMASK, set_of(t->blocked, &set), NULL);
  if (t->raised > 0) pthread_kill(pthread_self(), number_of(t->raised - 1));
  t->began = now_ns();
  atomic_store(&t->has_begun, true);
  errno = 0;
  t->result = t->call->call(t);
  t->error = errno;
  t->ended = now_ns();
  t->ended_slot = atomic_load(&slot);
  atomic_store(&t->has_ended, true);
  sigaddset(set_of(0, &set), SIGTERM); /* a last one may just come */
  pthread_sigmask(SIG_SETMASK, &set, NULL);
  return NULL;
}

/* --- the conductor */

static void sleep_until(int64_t moment) {
  const struct timespec until = to_timespec(moment);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0) continue;
}

static void prepare(struct trial* t, int64_t unit) {
  struct object* const o = &t->object;
  *o = (struct object){.mine = -1, .other = -1, .peer = -1, .third = -1, .child = -1};
  t->unit = unit;
  t->has_begun = t->has_ended = t->is_kicked = false;
  t->completed = 0;
  t->logs = 0;
  t->got[0] = 0;
  t->why_invalid = t->why_late = NULL;
  memset(t->stepped, 0, sizeof t->stepped);
  t->kind->make(t);
  if (t->call->bound == kByOption && (t->timeout == kShort || t->timeout == kLong) &&
      t->kind != &kFullListener) {
    const int64_t us = timeout_ns(t) / 1000;
    const struct timeval timeout = {us / 1000000, us % 1000000};
    CHECK(setsockopt(o->mine, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) == 0);
    CHECK(setsockopt(o->mine, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) == 0);
  }
  if (t->before != kSignal) act_of(t->kind, t->before)(t);
  if (t->state == kNonblocking) set_nonblocking(o->mine, true);
  if (t->state == kTwoNumbers) o->other = dup(o->mine);
}

static void clean_up(struct trial* t) {
  if (t->kind->release != NULL) t->kind->release(t);
  close_if_open(&t->object.mine);
  close_if_open(&t->object.other);
  close_if_open(&t->object.peer);
  close_if_open(&t->object.third);
}

static void take_step(struct trial* t, int i) {
  const struct step step = t->step[i];
  if (atomic_load(&t->has_ended)) return;
  t->stepped[i] = now_ns();
  if (step.kind == kSignal)
    CHECK(pthread_kill(t->thread, number_of(step.signal)) == 0);
  else
    act_of(t->kind, step.kind)(t);
}

static int complete(struct trial* t[], int n, int64_t from, int64_t unit) {
  int left = n;
  for (int round = 0; round < 400 && left > 0; round++) {
    sleep_until(round == 0 ? from : now_ns() + unit / 4);
    if (round == 0) slot_began[kSlotOfCompletion] = now_ns();
    atomic_store(&slot, kSlotOfCompletion);
    left = 0;
    for (int i = 0; i < n; i++) {
      if (atomic_load(&t[i]->has_ended)) continue;
      left++;
      if (t[i]->completed == 0) t[i]->completed = now_ns();
      if (round % 4 == 0 || is_for_writing(t[i])) t[i]->kind->all(t[i]);
      t[i]->is_kicked = round >= kPatience || t[i]->kind == &kNothing;
      if (t[i]->is_kicked) CHECK(pthread_kill(t[i]->thread, SIGTERM) == 0);
    }
  }
  return left;
}

/* Whether all happened when it was planned; see the top. */
static void validate(struct trial* t, int64_t start) {
  int64_t events[2 * kMostSteps + 3];
  int n = 0;
  const int64_t unit = t->unit;
  events[n++] = t->began;
  for (int i = 0; i < t->steps; i++) {
    if (t->stepped[i] == 0) continue;
    events[n++] = t->stepped[i];
    if (t->stepped[i] - (start + (kStepsFrom + i) * unit) > unit / 3) t->why_late = "step";
  }
  if (t->timeout == kShort) {
    for (int i = n - 1; i >= 0; i--) {
      if (i == 0 || t->call->bound == kByOption) events[n++] = events[i] + timeout_ns(t);
    }
  }
  if (t->completed != 0) events[n++] = t->completed;
  for (int i = 1; i <= kSlotOfCompletion; i++) {
    const int at = i == kSlotOfCompletion ? kCompletion : kStepsFrom + i - 1;
    const int64_t planned = start + at * unit;
    if (slot_began[i] - planned > unit / 3 && t->ended > planned) t->why_late = "conductor";
  }
  if (t->call->call == in_recvmmsg && t->completed != 0 && t->ended - t->completed > unit / 2 &&
      t->flags == MSG_WAITFORONE && !t->is_kicked)
    t->why_invalid = "late end, with more messages";
  if (start - t->began > 2 * unit) t->why_late = "start";
  for (int k = -1; k < t->logs && k < kMostLogged; k++) {
    const int64_t at = k < 0 ? t->ended : t->log[k].at;
    int64_t last = k < 0 || !t->log[k].is_after ? 0 : t->ended;
    for (int i = 0; i < n; i++)
      if (events[i] <= at && events[i] > last) last = events[i];
    const bool is_timeout = t->timeout == kShort && last >= t->began + timeout_ns(t);
    if (last == 0 || (t->completed != 0 && at >= t->completed)) continue;
    if (at - last > (is_timeout ? 2 * unit : unit / 2))
      t->why_invalid = k < 0 ? "ended late, or when nothing happened" : "late handler";
  }
}

/* --- what is printed */

static const char* const kTimeoutNames[] = {"", ", zero timeout", ", short timeout",
                                            ", long timeout"};
static const char* const kStateNames[] = {"", ", non-blocking", ", two numbers"};
static const char* const kStepNames[] = {"", "part", "all", "close", "shutdown", "own shutdown"};

static void append(struct trial* t, const char* format, ...) {
  const size_t length = strlen(t->line);
  va_list list;
  va_start(list, format);
  vsnprintf(t->line + length, sizeof t->line - length, format, list);
  va_end(list);
}
static void append_set(struct trial* t, const char* what, int bits) {
  append(t, "%s{", what);
  for (int i = 0; i < kHandled; i++)
    if (bits >> i & 1) append(t, " %s", name_of(number_of(i)));
  append(t, " }");
}
static void describe(struct trial* t) {
  t->line[0] = 0;
  append(t, "%d: %s", t->number, t->call->name);
  if (t->kind->name[0] != 0) append(t, " of %s", t->kind->name);
  if (t->call->flags != NULL) append(t, ", flags %#x", (unsigned)t->flags);
  if (t->call->sizes != NULL) append(t, ", size %d", t->size);
  append(t, "%s%s", kTimeoutNames[t->timeout], kStateNames[t->state]);
  if (t->blocked != 0) append_set(t, ", blocked ", t->blocked);
  if (t->wait_mask >= 0) append_set(t, ", mask ", t->wait_mask);
  if (t->before != kSignal) append(t, ", before: %s", kStepNames[t->before]);
  if (t->raised > 0) append(t, ", raised %s", name_of(number_of(t->raised - 1)));
  for (int i = 0; i < t->steps; i++)
    append(t, "%s %s", i == 0 ? ";" : ",",
           t->step[i].kind == kSignal ? kSignals[t->step[i].signal].name
                                      : kStepNames[t->step[i].kind]);
}
/* In which order those run that are unblocked together is not for programs to rely on, nor as the
 * kernel has it under weft. */
static int by_number(const void* a, const void* b) {
  const struct logged *left = a, *right = b;
  if (left->slot != right->slot) return left->slot - right->slot;
  return left->is_after != right->is_after ? left->is_after - right->is_after
                                           : left->signal - right->signal;
}
static void report(struct trial* t) {
  describe(t);
  append(t, " -> %ld", t->result);
  if (t->result == -1) append(t, " %s", error_name(t->error));
  append(t, "%s @%d", t->got, t->ended_slot);
  const char* between = "; handlers";
  qsort(t->log, (size_t)(t->logs < kMostLogged ? t->logs : kMostLogged), sizeof t->log[0],
        by_number);
  for (int i = 0; i < t->logs && i < kMostLogged; i++) {
    if (t->log[i].signal == SIGTERM) continue; /* of the kicks */
    append(t, "%s %s@%d%s", between, name_of(t->log[i].signal), t->log[i].slot,
           t->log[i].is_after ? " after" : "");
    between = ",";
  }
  if (t->completed == 0 && (t->kind == &kPipe || t->kind == &kFifo || t->kind == &kStream)) {
    int rest = -1;
    ioctl(t->object.mine, FIONREAD, &rest);
    append(t, "; rest %d", rest);
  }
  if (t->is_kicked) append(t, "; ended by SIGTERM");
}

/* The kernel's threads that could run and do not, but for this one; again, of those in `known`. */
static int late_threads(pid_t late[], int most, const pid_t known[], int knowns) {
  char own[64] = "";
  DIR* const folder = opendir("/proc/self/task");
  int n = 0;
  CHECK(folder != NULL && readlink("/proc/thread-self", own, sizeof own - 1) > 0);
  for (const struct dirent* entry; (entry = readdir(folder)) != NULL && n < most;) {
    char path[300];
    bool is_known = known == NULL;
    const pid_t tid = (pid_t)atoi(entry->d_name);
    for (int i = 0; i < knowns; i++) is_known = is_known || known[i] == tid;
    if (tid == 0 || !is_known || strcmp(strrchr(own, '/') + 1, entry->d_name) == 0) continue;
    snprintf(path, sizeof path, "/proc/self/task/%s/stat", entry->d_name);
    if (state_in(path) == 'R') late[n++] = tid;
  }
  closedir(folder);
  return n;
}

/* Nobody is still about to call, or to act on what was before. Where threads are not the kernel's
 * nobody knows whose such a one is. */
static void expect_all_wait(struct trial* t[], int n) {
  pid_t seen[2 * kAtOnce], late[2 * kAtOnce];
  const int n_seen = late_threads(seen, 2 * kAtOnce, NULL, 0);
  if (n_seen == 0) return;
  sleep_until(now_ns() + 500000);
  const int n_late = late_threads(late, 2 * kAtOnce, seen, n_seen);
  for (int k = 0; k < n_late; k++) {
    bool is_of_case = false;
    for (int i = 0; i < n; i++) is_of_case = is_of_case || t[i]->tid == late[k];
    for (int i = 0; i < n; i++)
      if (!atomic_load(&t[i]->has_ended) && (!is_of_case || t[i]->tid == late[k]))
        t[i]->why_late = "thread";
  }
}

/* Runs the `n` cases, in a clock of that unit. */
static void run(struct trial* t[], int n, int64_t unit) {
  for (int children = 1; children >= 0; children--)
    for (int i = 0; i < n; i++)
      if ((t[i]->kind == &kChild) == (children == 1)) prepare(t[i], unit);
  atomic_store(&slot, 0);
  for (int i = 0; i < n; i++) CHECK(pthread_create(&t[i]->thread, NULL, call_once_, t[i]) == 0);
  for (int i = 0; i < n; i++) CHECK(sem_post(&gate) == 0);
  for (int i = 0; i < n; i++)
    while (!atomic_load(&t[i]->has_begun)) sleep_until(now_ns() + 1000000);
  const int64_t start = now_ns();
  for (int step = 0; step < kMostSteps; step++) {
    sleep_until(start + (kStepsFrom + step) * unit);
    expect_all_wait(t, n);
    atomic_store(&slot, step + 1);
    slot_began[step + 1] = now_ns();
    for (int i = 0; i < n; i++)
      if (step < t[i]->steps) take_step(t[i], step);
  }
  sleep_until(start + kCompletion * unit);
  expect_all_wait(t, n);
  const int left = complete(t, n, start + kCompletion * unit, unit);
  for (int i = 0; i < n; i++) {
    if (left > 0 && !atomic_load(&t[i]->has_ended)) {
      describe(t[i]);
      printf("%s -> does not end\n", t[i]->line);
    }
  }
  if (left > 0) exit(1);
  for (int i = 0; i < n; i++) {
    CHECK(pthread_join(t[i]->thread, NULL) == 0);
    validate(t[i], start);
    report(t[i]);
    t[i]->is_valid = t[i]->why_invalid == NULL && t[i]->why_late == NULL;
  }
  for (int i = 0; i < n; i++) clean_up(t[i]);
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const uint64_t seed = strtoull(argv[1], NULL, 10);
  const int count = atoi(argv[2]);
  const int first = argc > 3 ? atoi(argv[3]) : 0;
  struct trial* batch[kAtOnce];
  int64_t unit = kUnitMs * 1000000;
  if (count < 1 || count > kMostCases) return 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  set_actions();
  CHECK(sem_init(&gate, 0, 0) == 0);
  cases = calloc((size_t)count, sizeof *cases);
  for (int i = 0; i < count; i++) plan(&cases[i], seed, first + i);
  for (int attempt = 0; attempt < kAttempts; attempt++, unit *= 2) {
    int n = 0, all = 0;
    for (int i = 0; i < count; i++) {
      if (!cases[i].is_valid) batch[n++] = &cases[i];
      if (n == kAtOnce || (n > 0 && i == count - 1)) {
        run(batch, n, unit);
        all += n;
        n = 0;
      }
    }
    if (attempt > 0 && all > 0)
      fprintf(stderr, "%d cases again, in units of %d ms\n", all, (int)(unit / 1000000));
  }
  for (int i = 0; i < count; i++) {
    printf("%s%s%s\n", cases[i].line, cases[i].why_invalid != NULL ? "; not as planned: " : "",
           cases[i].why_invalid != NULL ? cases[i].why_invalid : "");
    if (cases[i].why_late != NULL) fprintf(stderr, "%d: late %s\n", first + i, cases[i].why_late);
  }
  return 0;
}
