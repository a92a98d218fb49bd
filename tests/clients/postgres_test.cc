// libpq, which knows nothing of weft.
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <memory>

#include "tests/clients/called_off.h"
#include "tests/clients/fan_out.h"
#include "tests/clients/server.h"

namespace {

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

Connection connect() {
  Connection connection(PQconnectdb(weft::test::server), PQfinish);
  EXPECT_EQ(PQstatus(connection.get()), CONNECTION_OK) << PQerrorMessage(connection.get());
  return connection;
}

TEST(Postgres, AHundredQueriesAreAnsweredAtOnce) {
  weft::test::expect_answers_at_once(connect, [](const Connection& connection) {
    const Result result(PQexec(connection.get(), "SELECT pg_sleep(0.2), 42"), PQclear);
    ASSERT_EQ(PQresultStatus(result.get()), PGRES_TUPLES_OK) << PQerrorMessage(connection.get());
    EXPECT_STREQ(PQgetvalue(result.get(), 0, 1), "42");
  });
}

TEST(Postgres, AQueryFailsWhenItIsCalledOff) {
  weft::test::expect_failure_when_called_off(connect, [](const Connection& connection) {
    const Result result(PQexec(connection.get(), "SELECT pg_sleep(10)"), PQclear);
    return PQresultStatus(result.get()) == PGRES_FATAL_ERROR;
  });
}

}  // namespace
