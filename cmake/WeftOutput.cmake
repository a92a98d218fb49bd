# Where things are built, and how they find each other at run time.
#
# Build tree:  build/<preset>/bin/weft, bin/samples, bin/tests, bin/bench, lib/lib*.so
# Installed:   <prefix>/bin/weft, <prefix>/<libdir>/lib*.so
# Run paths are relative to the file itself in both, so either tree can be moved as a whole.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)

# One run path for both trees: otherwise CMake pads the build tree's with empty entries, and an empty
# entry is the current directory (ld.so(8)).
set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
file(RELATIVE_PATH WEFT_LIBDIR_FROM_BINDIR ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
set(CMAKE_INSTALL_RPATH "$ORIGIN" "$ORIGIN/../lib" "$ORIGIN/${WEFT_LIBDIR_FROM_BINDIR}")
list(REMOVE_DUPLICATES CMAKE_INSTALL_RPATH)
# For what is built one folder deeper and not installed: samples, tests, benchmarks.
set(WEFT_DEEPER_RPATH "$ORIGIN/../../lib")
