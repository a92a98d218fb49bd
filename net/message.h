// message.h: DNS messages: queries as libc makes them, and a cursor over the records of a reply.
//
// Layer:  net.      See also: RFC 1035, section 4.
#pragma once
#include <arpa/nameser.h>

#include <cstdint>
#include <vector>

namespace weft::net {

using Message = std::vector<unsigned char>;

/// Makes a query as the running thread's resolver state asks for it (EDNS, trust-ad...). False if
/// the name can't be one in DNS.
[[nodiscard]] bool make_query(const char* name, int type, Message& query);

std::uint16_t id_of(const Message& message);
void set_id(Message& message, std::uint16_t id);
/// Zero for a message that is none.
int rcode_of(const Message& message);
int answers_in(const Message& message);

/// A name as it stands in a message, not compressed: lengths and labels.
using WireName = unsigned char[NS_MAXCDNAME];

/// Whether two names are the same, but for case.
bool is_same_name(const unsigned char* a, const unsigned char* b);

/// The name as text, if it can be a host's: false if not.
using HostName = char[257];
[[nodiscard]] bool to_host_name(const unsigned char* name, HostName& text);

struct Record {
  WireName name = {};
  int type = 0;
  int rclass = 0;
  std::int32_t ttl = 0;
  const unsigned char* data = nullptr;
  int length = 0;
};

/// The answer section of a reply.
class Records {
 public:
  explicit Records(const Message& message);

  /// Whether header and question could be read.
  [[nodiscard]] bool is_valid() const { return at_ != nullptr; }
  [[nodiscard]] const unsigned char* question() const { return question_; }
  [[nodiscard]] int question_type() const { return question_type_; }
  [[nodiscard]] int count() const { return count_; }

  /// The next record. False if the message is broken there.
  [[nodiscard]] bool next(Record& record);
  /// The name that a record's data holds. False if there is none.
  [[nodiscard]] bool name_in(const unsigned char* data, WireName& name) const;

 private:
  /// Reads a name at the cursor.
  [[nodiscard]] bool take_name(WireName& name);
  [[nodiscard]] std::uint32_t take_number(int bytes);
  [[nodiscard]] bool has(long bytes) const { return end_ - at_ >= bytes; }

  const unsigned char* begin_;
  const unsigned char* end_;
  const unsigned char* at_ = nullptr;
  WireName question_ = {};
  int question_type_ = 0;
  int count_ = 0;
};

}  // namespace weft::net
