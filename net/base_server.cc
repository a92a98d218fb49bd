#include <weft/detail/shielded.h>
#include <weft/net/base_server.h>

#include <utility>

#include "net/server_core.h"

namespace weft::net {

using weft::detail::Shielded;

BaseServer::BaseServer(std::shared_ptr<weft::detail::ServerCore> core) : core_(std::move(core)) {}

BaseServer::~BaseServer() {
  const Shielded whole;
  core_->stop(0);
}

void BaseServer::start() { core_->start(); }
bool BaseServer::started() const { return core_->started(); }
void BaseServer::close() { core_->close(); }
bool BaseServer::stop() { return stop(core_->options().stop_timeout); }
bool BaseServer::stop_by(std::int64_t deadline) { return core_->stop(deadline); }

void BaseServer::serve_forever() {
  start();
  try {
    core_->await_end();
  } catch (...) {
    const Shielded whole;
    stop();
    throw;
  }
}

Address BaseServer::address() const { return core_->socket()->local_address(); }
std::size_t BaseServer::active() const { return core_->active(); }
bool BaseServer::full() const {
  const std::uint32_t pool = core_->options().pool;
  return pool > 0 && active() >= pool;
}

}  // namespace weft::net
