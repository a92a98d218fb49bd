// weft/weft.h: the whole API for new code.
//
// Layer:  runtime, public.
#pragma once
#include <weft/blocking.h>     // IWYU pragma: export
#include <weft/deadlock.h>     // IWYU pragma: export
#include <weft/fiber.h>        // IWYU pragma: export
#include <weft/fiber_local.h>  // IWYU pragma: export
#include <weft/scheduler.h>    // IWYU pragma: export
#include <weft/sleep.h>        // IWYU pragma: export
#include <weft/sync.h>         // IWYU pragma: export
#include <weft/this_fiber.h>   // IWYU pragma: export
#include <weft/unhandled.h>    // IWYU pragma: export
