// database_fanout.cc: one question to many databases at once, as a page that is put together from
// shards asks it. It takes as long as the slowest, and no longer than the limit.
//
// Usage: database_fanout CONNINFO [SHARDS [MILLISECONDS_OF_THE_LAST]]
#include <libpq-fe.h>
#include <weft/patch.h>
#include <weft/weft.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

int count_in(const char* server, int shard, int milliseconds) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(server), PQfinish);
  const std::string sql = "SELECT " + std::to_string(shard) + " FROM pg_sleep(" +
                          std::to_string(milliseconds) + " / 1000.0)";
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()),
                                                             PQclear);
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) {
    throw std::runtime_error(PQerrorMessage(connection.get()));
  }
  return std::atoi(PQgetvalue(result.get(), 0, 0));
}

}  // namespace

int main(int argc, char** argv) {
  const char* const server = argc > 1 ? argv[1] : "";
  const int shards = argc > 2 ? std::atoi(argv[2]) : 20;
  const int last = argc > 3 ? std::atoi(argv[3]) : 200;
  constexpr int kNoAnswer = 0;
  weft::patch_all();
  std::vector<weft::Fiber<int>> counts;
  for (int shard = 1; shard <= shards; ++shard) {
    counts.push_back(weft::spawn([=] {
      const auto ask = [=] { return count_in(server, shard, shard == shards ? last : 200); };
      return weft::with_timeout(std::chrono::seconds(1), ask, kNoAnswer);
    }));
  }
  int sum = 0;
  for (const auto& count : counts) {
    sum += count.get();
  }
  std::printf("%d shards have %d together\n", shards, sum);
}
