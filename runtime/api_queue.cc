#include <weft/queue.h>

namespace weft {

QueueEmpty::QueueEmpty() : std::runtime_error("weft::Queue: it is empty") {}
QueueFull::QueueFull() : std::runtime_error("weft::Queue: it is full") {}
QueueShutdown::QueueShutdown() : std::runtime_error("weft::Queue: it has been shut down") {}

}  // namespace weft
