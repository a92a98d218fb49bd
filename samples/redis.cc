// redis.cc: hiredis in fibers: workers that wait for jobs in a list, and one that puts them there.
//
// Usage: redis PORT
#include <hiredis/hiredis.h>
#include <weft/patch.h>
#include <weft/weft.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace {

// The last part of the reply.
std::string command(redisContext& redis, const std::string& text) {
  const std::unique_ptr<void, decltype(&freeReplyObject)> owner(redisCommand(&redis, text.c_str()),
                                                                freeReplyObject);
  const auto* reply = static_cast<const redisReply*>(owner.get());
  if (reply != nullptr && reply->type == REDIS_REPLY_ARRAY && reply->elements > 0) {
    reply = reply->element[reply->elements - 1];
  }
  return reply != nullptr && reply->str != nullptr ? reply->str : "";
}

std::unique_ptr<redisContext, decltype(&redisFree)> connect(int port) {
  return {redisConnect("127.0.0.1", port), redisFree};
}

}  // namespace

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 6379;
  weft::patch_all();
  std::vector<weft::Fiber<void>> workers;
  for (int i = 0; i < 3; ++i) {
    workers.push_back(weft::spawn([port] {
      const auto redis = connect(port);
      for (std::string job; (job = command(*redis, "BLPOP jobs 5")) != "end";) {
        std::printf("done: %s\n", job.c_str());
      }
    }));
  }
  const auto redis = connect(port);
  for (const char* job : {"sweep", "dust", "polish", "end", "end", "end"}) {
    command(*redis, std::string("RPUSH jobs ") + job);
  }
  weft::joinall(workers);
}
