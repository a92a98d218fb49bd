// tests/net/dns_server.h: a name server on loopback, on a fiber. A name's first label says how it
// answers.
#pragma once
#include <weft/event.h>
#include <weft/fiber.h>
#include <weft/net/udp.h>

#include <map>
#include <string>
#include <vector>

namespace weft::test {

/// four.test, both.test, alias.test (of four.test), brief.test (TTL 1 s), held.test (answered once
/// `release` is set), empty.test, broken.test (SERVFAIL), silent.test; of 10.9.0.7 the name is
/// four.test. No other names exist.
class DnsServer {
 public:
  DnsServer();
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  [[nodiscard]] net::Address address() const { return socket_.local_address(); }
  /// Queries for that name so far, of all types.
  [[nodiscard]] int queries(const std::string& name) const;
  /// Waits until there are so many.
  void await_queries(const std::string& name, int count);

  Event release;

 private:
  struct Question {
    std::string name;
    int type;
    std::string bytes;  // as it stands in the query
  };
  void serve();
  void answer(const std::string& query, const Question& question, const net::Address& peer);
  static Question question_in(const std::string& query);

  net::UdpSocket socket_;
  std::map<std::string, int> queries_;
  Event has_been_asked_;
  std::vector<AnyFiber> fibers_;
};

}  // namespace weft::test
