#include "net/message.h"

#include <ctype.h>
#include <resolv.h>

namespace weft::net {
namespace {

constexpr std::size_t kHeader = 12;
constexpr int kRcodeAt = 3;
constexpr std::size_t kAnswersAt = 6;
constexpr std::size_t kAdditionalAt = 10;

int number_at(const Message& message, std::size_t at) { return message[at] << 8 | message[at + 1]; }

// RFC 6891: the size is glibc's, small enough not to be fragmented.
void append_edns(Message& query) {
  constexpr int kSize = 1200;
  constexpr unsigned char kDnssecOk = 0x80;
  const bool wants_dnssec = (_res.options & RES_USE_DNSSEC) != 0;
  const unsigned char flags = wants_dnssec ? kDnssecOk : 0;
  const unsigned char record[] = {0, 0, ns_t_opt, kSize >> 8, kSize & 255, 0, 0, flags, 0, 0, 0};
  query.insert(query.end(), std::begin(record), std::end(record));
  query[kAdditionalAt + 1] = 1;
}

}  // namespace

bool make_query(const char* name, int type, Message& query) {
  query.resize(kHeader + NS_MAXCDNAME + 4);
  const int size = res_mkquery(ns_o_query, name, ns_c_in, type, nullptr, 0, nullptr, query.data(),
                               static_cast<int>(query.size()));
  if (size <= 0) {
    return false;
  }
  query.resize(static_cast<std::size_t>(size));
  if ((_res.options & (RES_USE_EDNS0 | RES_USE_DNSSEC)) != 0) {
    append_edns(query);
  }
  return true;
}

std::uint16_t id_of(const Message& message) {
  return static_cast<std::uint16_t>(number_at(message, 0));
}

void set_id(Message& message, std::uint16_t id) {
  message[0] = static_cast<unsigned char>(id >> 8);
  message[1] = static_cast<unsigned char>(id & 255);
}

int rcode_of(const Message& message) {
  return message.size() < kHeader ? 0 : message[kRcodeAt] & 15;
}

int answers_in(const Message& message) {
  return message.size() < kHeader ? 0 : number_at(message, kAnswersAt);
}

// Lengths of labels are below 64, and no letters.
bool is_same_name(const unsigned char* a, const unsigned char* b) {
  for (;; ++a, ++b) {
    if (tolower(*a) != tolower(*b)) {
      return false;
    }
    if (*a == 0) {
      return true;
    }
  }
}

bool to_host_name(const unsigned char* name, HostName& text) {
  return ns_name_ntop(name, text, sizeof text) >= 0 && res_hnok(text) != 0;
}

Records::Records(const Message& message)
    : begin_(message.data()), end_(message.data() + message.size()) {
  constexpr int kQuestionsAt = 4;
  if (message.size() < kHeader || number_at(message, kQuestionsAt) != 1) {
    return;
  }
  at_ = begin_ + kHeader;
  if (!take_name(question_) || !has(4)) {
    at_ = nullptr;
    return;
  }
  question_type_ = static_cast<int>(take_number(2));
  at_ += 2;  // class
  count_ = answers_in(message);
}

bool Records::take_name(WireName& name) {
  const int length = ns_name_unpack(begin_, end_, at_, name, sizeof name);
  at_ += length > 0 ? length : 0;
  return length > 0;
}

std::uint32_t Records::take_number(int bytes) {
  std::uint32_t number = 0;
  for (; bytes > 0; --bytes) {
    number = number << 8 | *at_++;
  }
  return number;
}

bool Records::next(Record& record) {
  if (!take_name(record.name) || !has(10)) {
    return false;
  }
  record.type = static_cast<int>(take_number(2));
  record.rclass = static_cast<int>(take_number(2));
  record.ttl = static_cast<std::int32_t>(take_number(4));
  record.length = static_cast<int>(take_number(2));
  record.data = at_;
  if (!has(record.length)) {
    return false;
  }
  at_ += record.length;
  return true;
}

bool Records::name_in(const unsigned char* data, WireName& name) const {
  return ns_name_unpack(begin_, end_, data, name, sizeof name) >= 0;
}

}  // namespace weft::net
