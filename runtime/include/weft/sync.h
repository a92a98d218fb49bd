// weft/sync.h: all that fibers and threads coordinate with.
//
// Layer:  runtime, public.
#pragma once
#include <weft/condition.h>  // IWYU pragma: export
#include <weft/event.h>      // IWYU pragma: export
#include <weft/mutex.h>      // IWYU pragma: export
#include <weft/semaphore.h>  // IWYU pragma: export
