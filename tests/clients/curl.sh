#!/usr/bin/env bash
# libcurl against a server of its own.
source "$(dirname "$0")/clients.sh" "$@"

# A site of 21 pages, each with links to others; one link leads to what never answers in time.
mkdir site
printf 'hello' >site/hello.txt
printf '<a href="/page-%d.html">' {1..10} >site/index.html
for page in {1..20}; do
  printf '<a href="/page-%d.html"><a href="/index.html">' $((page % 20 + 1)) >"site/page-$page.html"
done
printf '<a href="/hang">' >>site/page-20.html
chmod -R a+rX site
serve_nginx "$TMP/site"
run_tests "$PORT"
url=http://127.0.0.1:$PORT
run_sample http_get "$url/slow" "$url/hello.txt" "$url/slow" <<END
$url/slow: 5 bytes
$url/hello.txt: 5 bytes
$url/slow: 5 bytes
END
# Page 10 leads to 11, and so on.
run_sample web_crawler "$url" <<END
/hang: too slow
/index.html: $(wc -c <site/index.html) bytes
$(for page in {1..20}; do echo "/page-$page.html: $(wc -c <"site/page-$page.html") bytes"; done | LC_ALL=C sort)
END
