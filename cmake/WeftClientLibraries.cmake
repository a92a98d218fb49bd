# C libraries of servers that samples and tests wait in. What is missing is left out, with a message.
find_package(PkgConfig QUIET)

# weft_client_library(NAME MODULE PACKAGE): the target PkgConfig::NAME, if pkg-config knows the module.
macro(weft_client_library name module package)
  if(PkgConfig_FOUND)
    pkg_check_modules(${name} QUIET IMPORTED_TARGET GLOBAL ${module})
  endif()
  if(NOT TARGET PkgConfig::${name})
    message(WARNING "Samples and tests of ${module} are left out: pkg-config does not find it. "
      "On Debian: apt install pkg-config ${package}")
  endif()
endmacro()

if(WEFT_BUILD_SAMPLES OR WEFT_BUILD_TESTS)
  weft_client_library(postgres libpq libpq-dev)
  weft_client_library(mariadb libmariadb libmariadb-dev)
  weft_client_library(redis hiredis libhiredis-dev)
  weft_client_library(curl libcurl libcurl4-openssl-dev)
endif()
