// tests/clients/main.cc: patched in-process. The argument says where the server is.
#include <gtest/gtest.h>
#include <unistd.h>
#include <weft/patch.h>

#include <cstdio>

#include "tests/clients/server.h"

int main(int argc, char** argv) {
  weft::patch_all();
  ::testing::InitGoogleTest(&argc, argv);
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s SERVER\n", argv[0]);
    return 2;
  }
  weft::test::server = argv[1];
  ::alarm(50);
  return RUN_ALL_TESTS();
}
