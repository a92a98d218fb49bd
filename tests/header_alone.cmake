# Every header compiles alone, and twice: one generated file includes each. The test builds them, so a
# failure is one failed test and not a build that stops.
#
# The folders are searched, unlike elsewhere, because a header that nobody listed is what is looked for.
set(weft_header_sources)
foreach(folder IN ITEMS runtime net hooks LD_PRELOAD tests)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}
    ${PROJECT_SOURCE_DIR}/${folder}/*.h)
  if(NOT TARGET weft_tls)
    list(FILTER headers EXCLUDE REGEX "net/tls/")
  endif()
  foreach(header IN LISTS headers)
    string(MAKE_C_IDENTIFIER ${header} name)
    set(language cc)
    if(header MATCHES "^tests/(preload/(threads|cost)|issues)/")  # those of programs in C
      set(language c)
    endif()
    set(source ${CMAKE_CURRENT_BINARY_DIR}/header_alone/${name}.${language})
    file(CONFIGURE OUTPUT ${source}
      CONTENT "#include \"@header@\"\n#include \"@header@\"  // IWYU pragma: keep\n" @ONLY)
    list(APPEND weft_header_sources ${source})
  endforeach()
endforeach()

add_library(weft_header_alone OBJECT EXCLUDE_FROM_ALL ${weft_header_sources})
target_include_directories(weft_header_alone PRIVATE
  ${PROJECT_SOURCE_DIR}/runtime/include ${PROJECT_SOURCE_DIR}/net/include
  ${PROJECT_SOURCE_DIR}/net/tls/include
  ${PROJECT_SOURCE_DIR}/hooks/include)
target_link_libraries(weft_header_alone PRIVATE Threads::Threads Boost::context GTest::gtest)
# As hooks/ is compiled; and quickly, for nobody runs this code.
target_compile_options(weft_header_alone PRIVATE -U_FORTIFY_SOURCE -O0 -g0
  $<$<COMPILE_LANGUAGE:CXX>:-Wno-ignored-attributes>)
target_compile_definitions(weft_header_alone PRIVATE $<$<COMPILE_LANGUAGE:C>:_GNU_SOURCE>)

add_test(NAME header_alone
  COMMAND ${CMAKE_COMMAND} --build ${PROJECT_BINARY_DIR} --target weft_header_alone -j 2)
set_tests_properties(header_alone PROPERTIES LABELS style TIMEOUT 300 RUN_SERIAL TRUE)
