# The programs that scripts/bench runs: weft's own, and those of each peer that is installed.

# weft_bench(NAME SOURCE LIBRARIES...)
function(weft_bench name source)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE ${ARGN} Threads::Threads)
endfunction()

weft_bench(micro_weft micro_weft.cc weft)
weft_bench(micro_raw micro_raw.cc Boost::context)
weft_bench(micro_threads micro_threads.cc)
weft_bench(echo_epoll echo_epoll.cc)
weft_bench(echo_uring echo_uring.cc ${WEFT_URING})
target_include_directories(echo_uring SYSTEM PRIVATE ${WEFT_URING_INCLUDE})
weft_bench(idle_calls idle_calls.cc)
weft_bench(idle_calls_patched idle_calls.cc weft_hooks)
target_compile_definitions(idle_calls_patched PRIVATE WEFT_BENCH_PATCH)

find_package(Boost CONFIG QUIET COMPONENTS fiber)
if(TARGET Boost::fiber)
  weft_bench(micro_boost micro_boost.cc Boost::fiber)
  weft_bench(echo_boost echo_boost.cc Boost::fiber)
else()
  message(STATUS "No Boost.Fiber to compare with: apt install libboost-fiber-dev")
endif()

find_library(WEFT_STATE_THREADS st)
if(WEFT_STATE_THREADS)
  weft_bench(micro_st micro_st.cc ${WEFT_STATE_THREADS})
  weft_bench(echo_st echo_st.cc ${WEFT_STATE_THREADS})
else()
  message(STATUS "No State Threads to compare with: apt install libst-dev")
endif()

find_program(WEFT_GO go)
# weft_go_bench(NAME): of NAME.go.
function(weft_go_bench name)
  set(program ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/${name})
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/${name}.go)
  add_custom_command(OUTPUT ${program}
    COMMAND ${CMAKE_COMMAND} -E env GO111MODULE=off GOCACHE=${PROJECT_BINARY_DIR}/go-cache
            ${WEFT_GO} build -o ${program} ${source}
    DEPENDS ${source} VERBATIM)
  add_custom_target(${name} ALL DEPENDS ${program})
endfunction()
if(WEFT_GO)
  weft_go_bench(micro_go)
  weft_go_bench(echo_go)
else()
  message(STATUS "No Go to compare with: apt install golang-go")
endif()

# The script itself: it measures too little for the numbers to mean anything.
add_test(NAME bench_smoke COMMAND ${PROJECT_SOURCE_DIR}/scripts/bench --smoke --rounds 1 --rows switch,startup,echo_100
  --build ${PROJECT_BINARY_DIR} --out ${PROJECT_BINARY_DIR}/bench)
set_tests_properties(bench_smoke PROPERTIES LABELS unit TIMEOUT 60)
