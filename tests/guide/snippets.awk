# Makes one C++ file of the ```cpp blocks of a page in Markdown: each becomes a namespace with a
# main() of its own. A block without main() is the body of one. Includes go to the top.
#
#   awk -v page=NAME -v output=NAME.cc -f snippets.awk NAME.md
#
# What a reader need not see, but the next block needs, stands in a comment:
#
#   <!-- snippet: weft::Event ready; -->

function finish(    i, line, last) {
  count++
  if (has_main) {
    for (last = length_; lines[last] != "}" && last > 1; last--) continue
    lines[last] = "return 0; }" # only ::main has that by itself
  }
  body = body "namespace snippet_" count " {\n"
  if (!has_main) body = body "using namespace std::chrono_literals;\nint main() {\n" hidden
  body = body "#line " first " \"" FILENAME "\"\n"
  for (i = 1; i <= length_; i++) body = body lines[i] "\n"
  if (!has_main) body = body "return 0; }\n"
  body = body "}  // namespace snippet_" count "\n"
  body = body "const snippets::Entry entry_" count "(\"" page "\", " count ", snippet_" count "::main);\n\n"
  hidden = ""
}

/^<!-- snippet: .* -->$/ { hidden = hidden substr($0, 15, length($0) - 18) "\n"; next }
/^```cpp$/ { inside = 1; has_main = 0; length_ = 0; first = FNR + 1; next }
inside && /^```$/ { inside = 0; finish(); next }
inside && /^#include / { includes = includes $0 "\n"; lines[++length_] = ""; next }
inside {
  if ($0 ~ /^int main\(\)/) has_main = 1
  lines[++length_] = $0
}

END {
  printf "%s#include \"tests/guide/snippets.h\"\n\nnamespace {\n\n%s}  // namespace\n", includes, body >output
}
