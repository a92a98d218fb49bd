// system_v.cc: message queues and semaphores of System V, as a table.
#include "hooks/system_v.h"

#include "hooks/real.h"

namespace weft::hooks {

// clang-format off
extern "C" {
// symbol, signature                                                           how
int     msgsnd    (int id, const void* p, size_t n, int flags)                { return send_message(kMessageCall, id, p, n, flags, [=] { return real::msgsnd(id, p, n, flags); }); }
ssize_t msgrcv    (int id, void* p, size_t n, long type, int flags)           { return receive_message(kMessageCall, id, p, n, type, flags, [=] { return real::msgrcv(id, p, n, type, flags); }); }
int     semop     (int id, sembuf* ops, size_t n)                             { return change_semaphores(id, ops, n, nullptr, [=](const timespec*) { return real::semop(id, ops, n); }); }
int     semtimedop(int id, sembuf* ops, size_t n, const timespec* timeout)    { return change_semaphores(id, ops, n, timeout, [=](const timespec* t) { return real::semtimedop(id, ops, n, t); }); }
}
// clang-format on

}  // namespace weft::hooks
