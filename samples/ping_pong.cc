// ping_pong.cc: two fibers hand a ball to each other, until one of them blows the whistle.
#include <weft/weft.h>

#include <cstdio>

namespace {

void play(const char* call, weft::Channel<int>& from, weft::Channel<int>& to,
          weft::Channel<bool>& whistle) {
  for (bool plays = true; plays;) {
    int hits = 0;
    weft::select(weft::receive_from(from, [&](std::optional<int> ball) { hits = *ball + 1; }),
                 weft::receive_from(whistle, [&](auto) { plays = false; }));
    if (!plays) break;
    std::printf("%s %d\n", call, hits);
    if (hits == 10) {
      whistle.close();  // the other one hears it, too
      break;
    }
    to.send(hits);
  }
}

}  // namespace

int main() {
  weft::Channel<int> left;
  weft::Channel<int> right;
  weft::Channel<bool> whistle;
  weft::FiberScope players;
  players.spawn([&] { play("ping", left, right, whistle); });
  players.spawn([&] { play("pong", right, left, whistle); });
  left.send(0);
}
