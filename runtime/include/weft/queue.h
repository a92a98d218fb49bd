// weft/queue.h: queues between fibers: first in first out, last in first out, by priority.
//
// Layer:  runtime, public.      See also: weft/joinable_queue.h, weft/channel.h.
#pragma once
#include <weft/basic_queue.h>

#include <functional>

namespace weft {

/// First in, first out.
///
/// Errors, Threads, Promise: as BasicQueue.
/// Source:   gevent.queue.Queue, whose Queue(0) is a weft::Channel.
///
///     weft::Queue<std::string> lines(100);
template <class T>
class Queue : public BasicQueue<T, detail::FifoOrder<T>> {
 public:
  using BasicQueue<T, detail::FifoOrder<T>>::BasicQueue;
};

/// First in, first out, and there always is room: put() never waits.
///
/// Errors, Threads, Promise: as BasicQueue.
/// Source:   queue.SimpleQueue.
///
///     weft::SimpleQueue<Event> events;
template <class T>
class SimpleQueue : public BasicQueue<T, detail::FifoOrder<T>> {
 public:
  /// An empty one.
  SimpleQueue() = default;
};

/// Last in, first out.
///
/// Errors, Threads, Promise: as BasicQueue.
/// Source:   gevent.queue.LifoQueue.
///
///     weft::LifoQueue<Connection> idle;
template <class T>
class LifoQueue : public BasicQueue<T, detail::LifoOrder<T>> {
 public:
  using BasicQueue<T, detail::LifoOrder<T>>::BasicQueue;
};

/// The least first: the one that Cmp says is before the others. Equal ones in any order.
///
/// Errors, Threads, Promise: as BasicQueue. T must not fail to move, and Cmp must not throw.
/// Source:   gevent.queue.PriorityQueue.
///
///     weft::PriorityQueue<std::pair<int, Job>> jobs;
///     weft::PriorityQueue<int, std::greater<>> greatest_first;
template <class T, class Cmp = std::less<T>>
class PriorityQueue : public BasicQueue<T, detail::PriorityOrder<T, Cmp>> {
 public:
  using BasicQueue<T, detail::PriorityOrder<T, Cmp>>::BasicQueue;
};

}  // namespace weft
