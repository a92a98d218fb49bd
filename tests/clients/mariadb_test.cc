// libmariadb, which knows nothing of weft.
#include <gtest/gtest.h>
#include <mysql.h>

#include <memory>

#include "tests/clients/called_off.h"
#include "tests/clients/fan_out.h"
#include "tests/clients/server.h"

namespace {

struct Connection {
  Connection() : mysql(mysql_init(nullptr)) {
    EXPECT_NE(
        mysql_real_connect(mysql, nullptr, "root", nullptr, nullptr, 0, weft::test::server, 0),
        nullptr)
        << mysql_error(mysql);
  }
  ~Connection() {
    mysql_close(mysql);
    mysql_thread_end();
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  MYSQL* mysql;
};

using Result = std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)>;

TEST(MariaDb, AHundredQueriesAreAnsweredAtOnce) {
  weft::test::expect_answers_at_once(
      [] { return std::make_unique<Connection>(); },
      [](const std::unique_ptr<Connection>& connection) {
        ASSERT_EQ(mysql_query(connection->mysql, "SELECT SLEEP(0.2), 42"), 0)
            << mysql_error(connection->mysql);
        const Result result(mysql_store_result(connection->mysql), mysql_free_result);
        ASSERT_NE(result, nullptr);
        EXPECT_STREQ(mysql_fetch_row(result.get())[1], "42");
      });
}

TEST(MariaDb, AQueryFailsWhenItIsCalledOff) {
  weft::test::expect_failure_when_called_off([] { return std::make_unique<Connection>(); },
                                             [](const std::unique_ptr<Connection>& connection) {
                                               return mysql_query(connection->mysql,
                                                                  "SELECT SLEEP(10)") != 0;
                                             });
}

}  // namespace
