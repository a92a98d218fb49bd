# Turns the docstrings of a public header into what Doxygen understands, line by line, so that its
# warnings have the right numbers.
#
#     /// Units:    of time, and what        ->   a paragraph of its own, with a title
#     ///           they count from          ->   goes on with it
#     // weft/sleep.h: let time pass.        ->   what the file is for (first line)
#     Event(const Event&) = delete;          ->   nothing, unless it has words of its own
#     Queue(Queue&& other) {                 ->   the usual words, unless it has some of its own

# Outside of `code`, nothing is markup.
function plain(text,    parts, count, i, result) {
  count = split(text, parts, "`")
  for (i = 1; i <= count; i++) {
    if (i % 2 == 1) {
      gsub(/[<>#@&\\]/, "\\\\&", parts[i])
      gsub(/::/, "\\::", parts[i])
    }
    result = result (i > 1 ? "`" : "") parts[i]
  }
  return result
}

# What every class's copy, move, assignment and destructor is about.
function usual(line,    name, rest) {
  sub(/^ +/, "", line)
  if (line ~ /^(virtual )?~[A-Za-z_0-9]+\(\)/) return "Ends its life."
  if (line ~ /^[A-Za-z_0-9]+& operator=\(/) return "Assigns."
  if (!match(line, /^[A-Za-z_0-9]+\(/)) return ""
  name = substr(line, 1, RLENGTH - 1)
  rest = substr(line, RLENGTH + 1)
  if (index(rest, "const " name "&") == 1) return "A copy."
  if (index(rest, name "&&") == 1) return "Takes the other over."
  return ""
}

FNR == 1 && match($0, /^\/\/ [a-z_\/0-9]+\.h: /) {
  file = substr($0, 4, RLENGTH - 5)
  print "/// \\file " file " " plain(substr($0, RLENGTH + 1))
  heading = 1
  next
}
heading && /^\/\// {
  if ($0 ~ /^\/\/$|^\/\/ Layer:/) heading = 0
  print heading ? "///" plain(substr($0, 3)) : ""
  next
}
{ heading = 0 }

# For weft's own use.
/^ protected:$/ { print " private:"; next }
/= (delete|default);$/ && !documented { print ""; next }

!/^ *\/\/\// {
  words = documented ? "" : usual($0)
  print (words == "" ? "" : "/** " words " */ ") $0
  documented = section = 0
  next
}
{ documented = 1 }
{ indent = $0; sub(/\/\/\/.*/, "", indent); text = $0; sub(/^ *\/\/\/ ?/, "", text) }
match(text, /^(Units|Errors|Threads|Promise|Source)(, (Units|Errors|Threads|Promise|Source))*: +/) {
  title = substr(text, 1, RLENGTH)
  sub(/: +$/, "", title)
  section = 1
  print indent "/// \\weft{" title "}" plain(substr(text, RLENGTH + 1))
  next
}
section && text != "" { sub(/^ +/, "", text); print indent "/// " plain(text); next }
{ section = 0 }
/^ *\/\/\/     / { print; next }
{ print indent "///" (text == "" ? "" : " ") plain(text) }
