// watched_file.h: what is made of a file's text, and made again when the file has changed.
//
// Layer:  net.
#pragma once
#include <weft/mutex.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "net/small_file.h"
#include "runtime/guard.h"

namespace weft::net {

/// T is made of a text. Threads: any.
template <class T>
class WatchedFile {
 public:
  explicit WatchedFile(std::string path) : path_(std::move(path)) {}

  /// Of what it holds now.
  std::shared_ptr<const T> now() {
    const std::uint64_t version = version_of(path_.c_str(), With::kTimes);
    const detail::Guard hold(mutex_);
    if (version_ != version) {
      now_ = std::make_shared<const T>(read_file(path_.c_str()));
      version_ = version;
    }
    return now_;
  }

 private:
  const std::string path_;
  Mutex mutex_;
  std::uint64_t version_ = 0;     // guarded by mutex_
  std::shared_ptr<const T> now_;  // guarded by mutex_
};

}  // namespace weft::net
