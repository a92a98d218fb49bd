# Where things are built, and how they find each other at run time.
#
# Build tree:  build/<preset>/bin/weft, bin/samples, bin/tests, bin/bench, lib/lib*.so
# Installed:   <prefix>/bin/weft, <prefix>/<libdir>/lib*.so
# Run paths are relative to the file itself in both, so either tree can be moved as a whole.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)

file(RELATIVE_PATH WEFT_LIBDIR_FROM_BINDIR ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
set(CMAKE_INSTALL_RPATH "$ORIGIN;$ORIGIN/${WEFT_LIBDIR_FROM_BINDIR}")
