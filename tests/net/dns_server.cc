#include "tests/net/dns_server.h"

#include <arpa/nameser.h>

#include <string_view>

namespace weft::test {
namespace {

constexpr int kLong = 60;

std::string number(unsigned value, int bytes) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    text.push_back(static_cast<char>(value >> shift));
  }
  return text;
}

std::string wire(std::string_view name) {
  std::string text;
  while (!name.empty()) {
    const std::size_t length = std::min(name.find('.'), name.size());
    text.push_back(static_cast<char>(length));
    text.append(name.substr(0, length));
    name.remove_prefix(std::min(length + 1, name.size()));
  }
  return text + '\0';
}

std::string record(std::string_view name, int type, const std::string& data, unsigned ttl = kLong) {
  return wire(name) + number(static_cast<unsigned>(type), 2) + number(ns_c_in, 2) + number(ttl, 4) +
         number(static_cast<unsigned>(data.size()), 2) + data;
}

const std::string kFour("\x0a\x09\x00\x07", 4);
const std::string kSix("\xfd\x00\x00\x09\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07", 16);

struct Said {
  int rcode = ns_r_noerror;
  std::vector<std::string> records;
};

Said what_is_known(const std::string& name, int type) {
  const std::string label = name.substr(0, name.find('.'));
  const bool wants_four = type == ns_t_a;
  if (name == "7.0.9.10.in-addr.arpa") {
    return {.records = {record(name, ns_t_ptr, wire("four.test"))}};
  }
  if (name == "alias.test") {
    std::vector<std::string> found = {record(name, ns_t_cname, wire("four.test"))};
    if (wants_four) {
      found.push_back(record("four.test", ns_t_a, kFour));
    }
    return {.records = found};
  }
  if (label == "broken") {
    return {.rcode = ns_r_servfail, .records = {}};
  }
  if (name == "both.test" && type == ns_t_aaaa) {
    return {.records = {record(name, ns_t_aaaa, kSix)}};
  }
  for (const char* const known : {"four.test", "both.test", "brief.test", "held.test"}) {
    if (name == known) {
      const unsigned ttl = label == "brief" ? 1 : kLong;
      return {.records = wants_four ? std::vector{record(name, ns_t_a, kFour, ttl)}
                                    : std::vector<std::string>{}};
    }
  }
  return {.rcode = name == "empty.test" ? ns_r_noerror : ns_r_nxdomain, .records = {}};
}

}  // namespace

DnsServer::DnsServer() : socket_(net::Address::loopback()) {
  fibers_.push_back(spawn([this] { serve(); }));
}

DnsServer::~DnsServer() {
  for (const AnyFiber& fiber : fibers_) {
    fiber.kill();
  }
}

int DnsServer::queries(const std::string& name) const {
  const auto place = queries_.find(name);
  return place == queries_.end() ? 0 : place->second;
}

void DnsServer::await_queries(const std::string& name, int count) {
  while (queries(name) < count) {
    has_been_asked_.clear();
    has_been_asked_.wait();
  }
}

DnsServer::Question DnsServer::question_in(const std::string& query) {
  constexpr std::size_t kHeader = 12;
  Question question;
  std::size_t at = kHeader;
  while (query[at] != 0) {
    const auto length = static_cast<std::size_t>(query[at]);
    question.name += (question.name.empty() ? "" : ".") + query.substr(at + 1, length);
    at += 1 + length;
  }
  question.type = static_cast<unsigned char>(query[at + 2]);
  question.bytes = query.substr(kHeader, at + 5 - kHeader);
  return question;
}

void DnsServer::answer(const std::string& query, const Question& question,
                       const net::Address& peer) {
  if (question.name.starts_with("held.")) {
    release.wait();
  }
  const Said said = what_is_known(question.name, question.type);
  std::string reply = query.substr(0, 2) + number(0x8180U | static_cast<unsigned>(said.rcode), 2) +
                      number(1, 2) + number(static_cast<unsigned>(said.records.size()), 2) +
                      number(0, 4) + question.bytes;
  for (const std::string& each : said.records) {
    reply += each;
  }
  socket_.send_to(reply, peer);
}

void DnsServer::serve() {
  char buffer[1024];
  for (;;) {
    const net::Datagram datagram = socket_.receive_from(buffer);
    const std::string query(buffer, datagram.size);
    const Question question = question_in(query);
    ++queries_[question.name];
    has_been_asked_.set();
    if (!question.name.starts_with("silent.")) {
      const net::Address peer = datagram.from;
      fibers_.push_back(spawn([this, query, question, peer] { answer(query, question, peer); }));
    }
  }
}

}  // namespace weft::test
