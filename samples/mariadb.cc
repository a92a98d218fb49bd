// mariadb.cc: libmariadb in fibers. It blocks as ever, but only the fiber that calls it waits.
//
// Usage: mariadb SOCKET [USER [PASSWORD]]
#include <mysql.h>
#include <weft/patch.h>
#include <weft/weft.h>

#include <cstdio>
#include <memory>
#include <string>

namespace {

struct Login {
  const char* socket;
  const char* user;
  const char* password;
};

void ask(const Login& login, const std::string& sql) {
  const std::unique_ptr<MYSQL, decltype(&mysql_close)> connection(mysql_init(nullptr), mysql_close);
  mysql_real_connect(connection.get(), nullptr, login.user, login.password, nullptr, 0,
                     login.socket, 0);
  if (mysql_query(connection.get(), sql.c_str()) != 0) {
    std::printf("%s\n", mysql_error(connection.get()));
  } else {
    const std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)> result(
        mysql_store_result(connection.get()), mysql_free_result);
    std::printf("%s\n", mysql_fetch_row(result.get())[0]);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Login login = {argc > 1 ? argv[1] : nullptr, argc > 2 ? argv[2] : "root",
                       argc > 3 ? argv[3] : nullptr};
  weft::patch_all();
  mysql_library_init(0, nullptr, nullptr);
  weft::joinall({weft::spawn(ask, login, "SELECT 'after 400 ms', SLEEP(0.4)"),
                 weft::spawn(ask, login, "SELECT 'after 200 ms', SLEEP(0.2)"),
                 weft::spawn(ask, login, "SELECT 'at once'")});
}
