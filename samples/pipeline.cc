// pipeline.cc: producers and consumers around a bounded queue, as one writes them with threads.
#include <weft/weft.h>

#include <cstdio>
#include <deque>
#include <mutex>
#include <vector>

namespace {

// At most `capacity` numbers: who finds it full, or empty, waits.
class Queue {
 public:
  explicit Queue(unsigned capacity) : free_(capacity) {}

  void put(int number) {
    free_.acquire();
    {
      const std::lock_guard hold(mutex_);
      numbers_.push_back(number);
    }
    used_.release();
  }

  int take() {
    used_.acquire();
    const std::lock_guard hold(mutex_);
    const int number = numbers_.front();
    numbers_.pop_front();
    free_.release();
    return number;
  }

 private:
  weft::Semaphore free_;
  weft::Semaphore used_;
  weft::Mutex mutex_;
  std::deque<int> numbers_;
};

}  // namespace

int main() {
  constexpr int kEach = 1000;
  Queue queue(4);
  std::vector<weft::Fiber<long>> consumers;
  for (int i = 0; i < 3; ++i) {
    weft::spawn([&queue] {
      for (int n = 1; n <= kEach; ++n) queue.put(n);
    });
    consumers.push_back(weft::spawn([&queue] {
      long sum = 0;
      for (int n = 1; n <= kEach; ++n) sum += queue.take();
      return sum;
    }));
  }
  long total = 0;
  for (const auto& consumer : consumers) total += consumer.get();
  std::printf("consumed %ld, expected %d\n", total, 3 * kEach * (kEach + 1) / 2);
}
