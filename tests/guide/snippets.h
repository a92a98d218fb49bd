// tests/guide/snippets.h: the programs in the pages of the guide, by page and number.
//
// Layer:  tests.      See also: snippets.awk, which makes them, and snippets.sh, which runs them.
#pragma once

namespace snippets {

/// One of them. All are static objects, and in a list.
struct Entry {
  Entry(const char* its_page, int its_number, int (*its_main)());

  const char* page;
  int number;  // from 1 on
  int (*main)();
  const Entry* next;
};

}  // namespace snippets
