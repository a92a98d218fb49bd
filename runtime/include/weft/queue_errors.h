// weft/queue_errors.h: why nothing could be put into a queue, or taken from it.
//
// Layer:  runtime, public.      See also: weft/queue.h.
#pragma once
#include <stdexcept>

namespace weft {

/// Thrown where there is nothing to take from a queue, by who does not wait for it.
///
/// Source:   queue.Empty.
///
///     catch (const weft::QueueEmpty&) { go_home(); }
class QueueEmpty : public std::runtime_error {
 public:
  /// Made by the queue.
  QueueEmpty();
};

/// Thrown where there is no room in a queue, by who does not wait for it.
///
/// Source:   queue.Full.
///
///     catch (const weft::QueueFull&) { refuse(request); }
class QueueFull : public std::runtime_error {
 public:
  /// Made by the queue.
  QueueFull();
};

/// Thrown after BasicQueue::shutdown(): by who puts, and by who takes once there is nothing left.
///
/// Source:   queue.ShutDown of Python 3.13.
///
///     catch (const weft::QueueShutdown&) { return; }
class QueueShutdown : public std::runtime_error {
 public:
  /// Made by the queue.
  QueueShutdown();
};

}  // namespace weft
