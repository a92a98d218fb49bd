// guide_snippets PAGE NUMBER: runs one of the programs in the pages of the guide.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/guide/snippets.h"

namespace snippets {

static const Entry* first = nullptr;

Entry::Entry(const char* its_page, int its_number, int (*its_main)())
    : page(its_page), number(its_number), main(its_main), next(first) {
  first = this;
}

static const Entry* find(const char* page, int number) {
  for (const Entry* entry = first; entry != nullptr; entry = entry->next) {
    if (std::strcmp(entry->page, page) == 0 && entry->number == number) return entry;
  }
  return nullptr;
}

}  // namespace snippets

int main(int argc, char** argv) {
  const snippets::Entry* const entry =
      argc == 3 ? snippets::find(argv[1], std::atoi(argv[2])) : nullptr;
  if (entry == nullptr) {
    std::fprintf(stderr, "usage: guide_snippets PAGE NUMBER\n");
    return 2;
  }
  return entry->main();
}
