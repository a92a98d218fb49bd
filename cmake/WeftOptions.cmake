# Language, warnings and sanitizers: what every target of weft is compiled with.
option(WEFT_WERROR "Warnings are errors (scripts/test and CI turn it on)" OFF)
option(WEFT_BUILD_TESTS "Build tests and benchmarks" ON)
option(WEFT_BUILD_BENCH "Build what scripts/bench runs: weft and the peers that are installed" OFF)
option(WEFT_BUILD_SAMPLES "Build samples" ON)
set(WEFT_SANITIZE "" CACHE STRING "Argument of -fsanitize=, e.g. address,undefined or thread")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON) # clang-tidy and clangd read it

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()
# Not CMake's default -DNDEBUG alone: frame pointers stay, so that perf and the monitor can walk a fiber's stack.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g -DNDEBUG")
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -fno-omit-frame-pointer)
add_compile_options("$<$<COMPILE_LANG_AND_ID:CXX,Clang>:-Wthread-safety>")
add_compile_definitions("$<$<CONFIG:Debug>:WEFT_DEBUG>")
if(WEFT_WERROR)
  add_compile_options(-Werror)
endif()

if(WEFT_SANITIZE)
  add_compile_options(-fsanitize=${WEFT_SANITIZE})
  add_link_options(-fsanitize=${WEFT_SANITIZE})
  if(WEFT_SANITIZE MATCHES "undefined")
    # A test must fail on undefined behaviour, not merely print it.
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
