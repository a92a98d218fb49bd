/* libmariadb: SELECT SLEEP(1) in a hundred threads. The argument is the server's socket. */
#include <mariadb/mysql.h>

#include "sleeping_queries.h"

static const char* server;

void* connect_to_server(void) {
  MYSQL* const connection = mysql_init(NULL);
  CHECK(mysql_real_connect(connection, NULL, "root", NULL, NULL, 0, server, 0) != NULL);
  return connection;
}

void query_that_sleeps(void* connection) {
  CHECK(mysql_query(connection, "SELECT SLEEP(1)") == 0);
  MYSQL_RES* const result = mysql_store_result(connection);
  CHECK(result != NULL);
  CHECK(strcmp(mysql_fetch_row(result)[0], "0") == 0);
  mysql_free_result(result);
}

void disconnect(void* connection) {
  mysql_close(connection);
  mysql_thread_end();
}

int main(int argc, char** argv) {
  CHECK(argc == 2);
  server = argv[1];
  CHECK(mysql_library_init(0, NULL, NULL) == 0);
  sleep_in_server();
  mysql_library_end();
  return 0;
}
