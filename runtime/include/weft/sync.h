// weft/sync.h: all that fibers and threads coordinate with.
//
// Layer:  runtime, public.
#pragma once
#include <weft/async_result.h>       // IWYU pragma: export
#include <weft/barrier.h>            // IWYU pragma: export
#include <weft/bounded_semaphore.h>  // IWYU pragma: export
#include <weft/condition.h>          // IWYU pragma: export
#include <weft/event.h>              // IWYU pragma: export
#include <weft/latch.h>              // IWYU pragma: export
#include <weft/mutex.h>              // IWYU pragma: export
#include <weft/recursive_mutex.h>    // IWYU pragma: export
#include <weft/semaphore.h>          // IWYU pragma: export
#include <weft/shared_mutex.h>       // IWYU pragma: export
