// producer_consumer.cc: producers and consumers around a bounded queue, as one writes them with
// threads.
#include <weft/weft.h>

#include <cstdio>
#include <vector>

int main() {
  constexpr int kEach = 1000;
  weft::JoinableQueue<int> queue(4);
  std::vector<weft::Fiber<void>> producers;
  std::vector<weft::Fiber<long>> consumers;
  for (int i = 0; i < 3; ++i) {
    producers.push_back(weft::spawn([&queue] {
      for (int n = 1; n <= kEach; ++n) queue.put(n);  // waits while four are in it
    }));
    consumers.push_back(weft::spawn([&queue] {
      long sum = 0;
      for (const int n : queue) {  // until the queue is shut down
        sum += n;
        queue.task_done();
      }
      return sum;
    }));
  }
  weft::joinall(producers);
  queue.join();  // all that was put has been added up
  queue.shutdown();
  long total = 0;
  for (const auto& consumer : consumers) total += consumer.get();
  std::printf("consumed %ld, expected %d\n", total, 3 * kEach * (kEach + 1) / 2);
}
