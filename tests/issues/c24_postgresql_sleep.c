/* libpq: pg_sleep(1) in a hundred threads. The argument says how to connect. */
#include <postgresql/libpq-fe.h>

#include "sleeping_queries.h"

static const char* server;

void* connect_to_server(void) {
  PGconn* const connection = PQconnectdb(server);
  CHECK(PQstatus(connection) == CONNECTION_OK);
  return connection;
}

void query_that_sleeps(void* connection) {
  PGresult* const result = PQexec(connection, "select pg_sleep(1)");
  CHECK(PQresultStatus(result) == PGRES_TUPLES_OK);
  PQclear(result);
}

void disconnect(void* connection) { PQfinish(connection); }

int main(int argc, char** argv) {
  CHECK(argc == 2);
  server = argv[1];
  sleep_in_server();
  return 0;
}
