#include "net/permission.h"

namespace weft::net {

namespace {
constinit thread_local ActOnCalls act_on_calls [[gnu::tls_model("initial-exec")]] = nullptr;
}  // namespace

Permission::Permission(ActOnCalls act) : before_(act_on_calls) { act_on_calls = act; }
Permission::~Permission() { act_on_calls = before_; }

ActOnCalls Permission::given() { return act_on_calls; }

}  // namespace weft::net
