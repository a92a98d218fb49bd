#include <weft/channel.h>
#include <weft/select.h>

#include <vector>

namespace weft {

ChannelClosed::ChannelClosed() : std::runtime_error("weft::Channel: it is closed") {}

namespace detail {

std::optional<std::size_t> Selection::select(std::span<SelectCase* const> cases,
                                             std::int64_t deadline) {
  std::vector<Offer*> offers;
  for (SelectCase* const one : cases) {
    one->offer_.thing = one->thing();
    offers.push_back(&one->offer_);
  }
  const Concluded concluded = transact(offers, deadline, "weft::select");
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (offers[i] == concluded.offer) {
      cases[i]->finish(concluded.is_closed);
      return i;
    }
  }
  return {};
}

}  // namespace detail
}  // namespace weft
