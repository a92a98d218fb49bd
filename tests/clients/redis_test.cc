// hiredis, which knows nothing of weft.
#include <gtest/gtest.h>
#include <hiredis/hiredis.h>

#include <cstdlib>
#include <memory>

#include "tests/clients/called_off.h"
#include "tests/clients/fan_out.h"
#include "tests/clients/server.h"

namespace {

using Connection = std::unique_ptr<redisContext, decltype(&redisFree)>;
using Reply = std::unique_ptr<void, decltype(&freeReplyObject)>;

Connection connect() {
  Connection connection(redisConnect("127.0.0.1", std::atoi(weft::test::server)), redisFree);
  EXPECT_EQ(connection->err, 0) << connection->errstr;
  return connection;
}

TEST(Redis, AHundredQueriesAreAnsweredAtOnce) {
  weft::test::expect_answers_at_once(connect, [](const Connection& connection) {
    const Reply reply(redisCommand(connection.get(), "BLPOP no-such-list 0.2"), freeReplyObject);
    ASSERT_NE(reply, nullptr) << connection->errstr;
    EXPECT_EQ(static_cast<redisReply*>(reply.get())->type, REDIS_REPLY_NIL);
  });
}

TEST(Redis, AQueryFailsWhenItIsCalledOff) {
  weft::test::expect_failure_when_called_off(connect, [](const Connection& connection) {
    const Reply reply(redisCommand(connection.get(), "BLPOP no-such-list 10"), freeReplyObject);
    return reply == nullptr && connection->err == REDIS_ERR_IO;
  });
}

}  // namespace
