# Libraries that the product needs. Tests look for theirs in tests/CMakeLists.txt.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

# Boost's own package file (1.70 and later) makes Boost::context; CMake's FindBoost module, gone from
# newer CMakes, is not needed. The fallback serves a Boost that was built without package files.
find_package(Boost CONFIG QUIET COMPONENTS context)
if(NOT TARGET Boost::context)
  find_library(WEFT_BOOST_CONTEXT boost_context)
  find_path(WEFT_BOOST_INCLUDE boost/context/detail/fcontext.hpp)
  if(NOT WEFT_BOOST_CONTEXT OR NOT WEFT_BOOST_INCLUDE)
    message(FATAL_ERROR "Boost.Context not found. On Debian: apt install libboost-context-dev")
  endif()
  add_library(Boost::context UNKNOWN IMPORTED)
  set_target_properties(Boost::context PROPERTIES
    IMPORTED_LOCATION ${WEFT_BOOST_CONTEXT}
    INTERFACE_INCLUDE_DIRECTORIES ${WEFT_BOOST_INCLUDE})
endif()

# Its archive: the shared one might be taken from the program (net/CMakeLists.txt).
find_library(WEFT_CARES NAMES libcares.a libcares_static.a)
find_path(WEFT_CARES_INCLUDE ares.h)
if(NOT WEFT_CARES OR NOT WEFT_CARES_INCLUDE)
  message(FATAL_ERROR "c-ares (libcares.a) not found. On Debian: apt install libc-ares-dev")
endif()

# The same goes for liburing.
find_library(WEFT_URING NAMES liburing.a)
find_path(WEFT_URING_INCLUDE liburing.h)
if(NOT WEFT_URING OR NOT WEFT_URING_INCLUDE)
  message(FATAL_ERROR "liburing (liburing.a, 2.3 or later) not found. On Debian: apt install liburing-dev")
endif()
