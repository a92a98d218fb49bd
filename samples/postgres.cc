// postgres.cc: libpq in fibers. It blocks as ever, but only the fiber that calls it waits.
//
// Usage: postgres CONNINFO, for instance "host=127.0.0.1 user=postgres"
#include <libpq-fe.h>
#include <weft/patch.h>
#include <weft/weft.h>

#include <cstdio>
#include <memory>
#include <string>

namespace {

void ask(const char* server, const std::string& sql) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(server), PQfinish);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()),
                                                             PQclear);
  const bool has_rows = PQresultStatus(result.get()) == PGRES_TUPLES_OK;
  std::printf("%s\n", has_rows ? PQgetvalue(result.get(), 0, 0) : PQerrorMessage(connection.get()));
}

}  // namespace

int main(int argc, char** argv) {
  const char* const server = argc > 1 ? argv[1] : "";
  weft::patch_all();
  weft::joinall({weft::spawn(ask, server, "SELECT 'after 400 ms' FROM pg_sleep(0.4)"),
                 weft::spawn(ask, server, "SELECT 'after 200 ms' FROM pg_sleep(0.2)"),
                 weft::spawn(ask, server, "SELECT 'at once'")});
}
