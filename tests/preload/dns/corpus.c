/* Names looked up in every way that libc has, with many a resolv.conf: what comes out is printed.
 * In the world of world.sh, whose files in /etc it writes. A second thread waits meanwhile, so that
 * the one that asks is not alone. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../threads/say.h"

static const char* const kFlagNames[] = {"PASSIVE",    "CANONNAME",   "NUMERICHOST", "V4MAPPED",
                                         "ALL",        "ADDRCONFIG",  "IDN",         "CANONIDN",
                                         "UNASSIGNED", "UNASSIGNED2", "NUMERICSERV"};

static void print_flags(int flags) {
  for (unsigned i = 0; i < sizeof kFlagNames / sizeof *kFlagNames; i++)
    if (flags & 1 << i) printf(" %s", kFlagNames[i]);
}

static const char* gai_name(int error) {
  switch (error) {
#define NAME(code) \
  case code:       \
    return #code
    NAME(0);
    NAME(EAI_BADFLAGS);
    NAME(EAI_NONAME);
    NAME(EAI_AGAIN);
    NAME(EAI_FAIL);
    NAME(EAI_NODATA);
    NAME(EAI_FAMILY);
    NAME(EAI_SOCKTYPE);
    NAME(EAI_SERVICE);
    NAME(EAI_ADDRFAMILY);
    NAME(EAI_MEMORY);
    NAME(EAI_SYSTEM);
    NAME(EAI_OVERFLOW);
    NAME(EAI_IDN_ENCODE);
#undef NAME
    default:
      return "?";
  }
}

static void print_error(int error) {
  printf(" %s", gai_name(error));
  if (error == EAI_SYSTEM) printf(" %s", error_name(errno));
  printf("\n");
}

/* An address of any family, with its scope, by itself: inet_ntop asks nobody. */
static void print_address(const struct sockaddr* address) {
  char text[INET6_ADDRSTRLEN] = "?";
  if (address->sa_family == AF_INET) {
    const struct sockaddr_in* four = (const struct sockaddr_in*)address;
    inet_ntop(AF_INET, &four->sin_addr, text, sizeof text);
    printf("%s port %d", text, ntohs(four->sin_port));
  } else {
    const struct sockaddr_in6* six = (const struct sockaddr_in6*)address;
    inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text);
    printf("%s scope %u flow %u port %d", text, six->sin6_scope_id, six->sin6_flowinfo,
           ntohs(six->sin6_port));
  }
}

static void look(const char* name, const char* service, int family, int type, int protocol,
                 int flags) {
  struct addrinfo hints = {
      .ai_family = family, .ai_socktype = type, .ai_protocol = protocol, .ai_flags = flags};
  struct addrinfo* list = NULL;
  errno = 0;
  int error = getaddrinfo(name, service, &hints, &list);
  printf("getaddrinfo %.40s %s family %d type %d protocol %d", name ? name : "(null)",
         service ? service : "(null)", family, type, protocol);
  print_flags(flags);
  print_error(error);
  if (error != 0) return;
  for (struct addrinfo* at = list; at != NULL; at = at->ai_next) {
    printf("  flags %x family %d type %d protocol %d size %u ", at->ai_flags, at->ai_family,
           at->ai_socktype, at->ai_protocol, at->ai_addrlen);
    print_address(at->ai_addr);
    if (at->ai_canonname != NULL) printf(" name %s", at->ai_canonname);
    /* libc's layout: one block holds both. */
    printf("%s\n", (char*)at->ai_addr == (char*)(at + 1) ? "" : " ADDRESS ELSEWHERE");
  }
  freeaddrinfo(list);
}

static void look_plain(const char* name) { look(name, NULL, AF_UNSPEC, SOCK_STREAM, 0, 0); }

static void look_all_families(const char* name, int flags) {
  look(name, NULL, AF_UNSPEC, SOCK_STREAM, 0, flags);
  look(name, NULL, AF_INET, SOCK_STREAM, 0, flags);
  look(name, NULL, AF_INET6, SOCK_STREAM, 0, flags);
}

static void print_host(const struct hostent* host) {
  char text[INET6_ADDRSTRLEN];
  printf("  %s type %d length %d", host->h_name, host->h_addrtype, host->h_length);
  for (char** at = host->h_aliases; *at != NULL; at++) printf(" alias %s", *at);
  for (char** at = host->h_addr_list; *at != NULL; at++)
    printf(" %s", inet_ntop(host->h_addrtype, *at, text, sizeof text));
  printf("\n");
}

static void print_found(const struct hostent* host) {
  printf(" %s h_errno %d\n", host != NULL ? "found" : "null", host != NULL ? 0 : h_errno);
  if (host != NULL) print_host(host);
}

static void by_name(const char* name) {
  printf("gethostbyname %.40s", name);
  print_found(gethostbyname(name));
  for (int i = 0; i < 2; i++) {
    int family = i == 0 ? AF_INET : AF_INET6;
    printf("gethostbyname2 %.40s family %d", name, family);
    print_found(gethostbyname2(name, family));
  }
}

static void by_name_with(const char* name, int family, size_t size) {
  struct hostent host;
  struct hostent* found = &host;
  int h_error = -7;
  char* buffer = malloc(size + 1);
  int result = family == 0 ? gethostbyname_r(name, &host, buffer, size, &found, &h_error)
                           : gethostbyname2_r(name, family, &host, buffer, size, &found, &h_error);
  printf("by name %.40s family %d size %zu: %s h_errno %d %s\n", name, family, size,
         error_name(result), found == NULL ? h_error : 0, found == NULL ? "null" : "");
  if (found != NULL) print_host(found);
  free(buffer);
}

/* The size from which on the buffer is large enough: the same as natively. */
static void least_size(const char* name, int family) {
  struct hostent host;
  struct hostent* found = NULL;
  int h_error = 0;
  _Alignas(16) char buffer[4096];
  size_t size = 0;
  while (size < sizeof buffer &&
         gethostbyname2_r(name, family, &host, buffer, size, &found, &h_error) == ERANGE)
    size += 8;
  printf("by name %s family %d: enough are %zu\n", name, family, size);
}

static void by_address(const char* text) {
  unsigned char address[16];
  int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
  socklen_t length = family == AF_INET ? 4 : 16;
  inet_pton(family, text, address);
  printf("gethostbyaddr %s", text);
  print_found(gethostbyaddr(address, length, family));
  for (size_t size = 8; size <= 512; size *= 8) {
    struct hostent host;
    struct hostent* found = &host;
    int h_error = -7;
    char buffer[512];
    int result = gethostbyaddr_r(address, length, family, &host, buffer, size, &found, &h_error);
    printf("by address %s size %zu: %s h_errno %d\n", text, size, error_name(result),
           found == NULL ? h_error : 0);
    if (found != NULL) print_host(found);
  }
}

static void name_of(const char* text, unsigned scope, int port, int flags, socklen_t host_size,
                    socklen_t service_size) {
  struct sockaddr_in6 six = {
      .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_scope_id = scope};
  struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  char host[300] = "-";
  char service[64] = "-";
  int is_six = strchr(text, ':') != NULL;
  inet_pton(is_six ? AF_INET6 : AF_INET, text,
            is_six ? (void*)&six.sin6_addr : (void*)&four.sin_addr);
  errno = 0;
  int error = is_six ? getnameinfo((struct sockaddr*)&six, sizeof six, host, host_size, service,
                                   service_size, flags)
                     : getnameinfo((struct sockaddr*)&four, sizeof four, host, host_size, service,
                                   service_size, flags);
  printf("getnameinfo %s scope %u port %d flags %d sizes %u %u:", text, scope, port, flags,
         host_size, service_size);
  print_error(error);
  if (error == 0) printf("  %s %s\n", host, service);
}

/* As a new file, so that even a quick change is seen. */
static void write_file(const char* path, const char* text) {
  char other[64];
  snprintf(other, sizeof other, "%s.new", path);
  FILE* file = fopen(other, "w");
  if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0 || rename(other, path) != 0) {
    perror(path);
    exit(1);
  }
}

static void resolv_conf(const char* text) {
  printf("== %s", text);
  write_file("/etc/resolv.conf", text);
}

static void need_no_server(void) {
  static const char* const kNumeric[] = {
      "127.0.0.1",       "10.1",      "0x7f.1",         "::1", "fe80::1%lo", "fe80::1%7",
      "fe80::1%nothing", "1.2.3.4.5", "::ffff:1.2.3.4", "",    "1.2.3.4 "};
  for (unsigned i = 0; i < sizeof kNumeric / sizeof *kNumeric; i++) {
    look_plain(kNumeric[i]);
    look(kNumeric[i], "80", AF_INET, 0, 0, AI_NUMERICHOST);
    look(kNumeric[i], "http", AF_INET6, SOCK_STREAM, 0, AI_V4MAPPED | AI_CANONNAME);
  }
  look(NULL, "http", AF_UNSPEC, SOCK_STREAM, 0, AI_PASSIVE);
  look(NULL, "0", AF_UNSPEC, 0, 0, 0);
  look(NULL, NULL, AF_UNSPEC, 0, 0, 0);
  look("both.test", NULL, AF_UNSPEC, 0, 0, AI_NUMERICHOST);
  static const char* const kInFile[] = {"localhost", "inhosts",          "inhosts-alias",
                                        "INHOSTS",   "twice-inhosts",    "six-inhosts",
                                        "dotted",    "dotted.hosts.test"};
  for (unsigned i = 0; i < sizeof kInFile / sizeof *kInFile; i++) {
    look_all_families(kInFile[i], AI_CANONNAME);
    by_name(kInFile[i]);
  }
}

static void kinds_of_answers(void) {
  static const char* const kNames[] = {
      "four.test",     "six.test",          "both.test",        "both.test.",     "BOTH.Test",
      "alias.test",    "nowhere.test",      "toempty.test",     "badalias.test",  "circle.test",
      "nx.test",       "servfail.test",     "refused.test",     "notimp.test",    "formerr.test",
      "nodata.test",   "big.test",          "half-a.test",      "half-aaaa.test", "half-nx.test",
      "half-nx6.test", "half-refused.test", "half-notimp.test", "wrongid.test",   "upper.test",
      "twice.test",    "strange.test",      "lame.test",        "toplevel",       "single",
      "_under.test",   "a b.test",          "a..test",          ".test",          "-dash.test",
      "swapped.test",  "1.2.3.4.test",      "four.test.."};
  for (unsigned i = 0; i < sizeof kNames / sizeof *kNames; i++) {
    look_all_families(kNames[i], AI_CANONNAME);
    by_name(kNames[i]);
  }
  char name[1100] = "";
  for (int length = 62; length <= 64; length++) {
    memset(name, 'x', sizeof name);
    strcpy(name + length, ".test");
    look_plain(name);
    by_name(name);
  }
  for (int labels = 24; labels <= 200; labels += 25) {
    for (int i = 0; i < labels; i++) memcpy(name + 5 * i, "deep.", 5);
    strcpy(name + 5L * labels, "test");
    look_plain(name);
    by_name(name);
  }
}

static void hints(void) {
  look_all_families("many.test", 0);
  look_all_families("both.test", AI_ADDRCONFIG);
  look_all_families("four.test", AI_V4MAPPED);
  look_all_families("four.test", AI_V4MAPPED | AI_ALL);
  look_all_families("both.test", AI_V4MAPPED);
  look_all_families("both.test", AI_V4MAPPED | AI_ALL | AI_CANONNAME);
  look_all_families("nx.test", AI_V4MAPPED | AI_ALL);
  look_all_families("six.test", AI_ALL);
  look("alias.test", NULL, AF_INET, 0, 0, AI_CANONNAME);
  look("alias.test", NULL, AF_INET6, SOCK_DGRAM, 0, 0);
  look("both.test", "http", AF_UNSPEC, 0, 0, 0);
  look("both.test", "domain", AF_INET, 0, 0, 0);
  look("both.test", "domain", AF_INET, SOCK_DGRAM, 0, 0);
  look("both.test", "tftp", AF_INET, SOCK_STREAM, 0, 0);
  look("both.test", "no-such-service", AF_UNSPEC, 0, 0, 0);
  look("both.test", "65535", AF_UNSPEC, 0, 0, 0);
  look("both.test", "65536", AF_UNSPEC, SOCK_STREAM, 0, 0);
  look("both.test", "-1", AF_UNSPEC, SOCK_STREAM, 0, 0);
  look("both.test", "http", AF_INET, SOCK_STREAM, 0, AI_NUMERICSERV);
  look("both.test", "80", AF_INET, SOCK_STREAM, 0, AI_NUMERICSERV);
  look("both.test", "80", AF_INET, SOCK_RAW, 0, 0);
  look("both.test", "80", AF_INET, SOCK_SEQPACKET, 0, 0);
  look("both.test", NULL, AF_INET, 0, IPPROTO_UDP, 0);
  look("both.test", NULL, AF_INET, SOCK_STREAM, IPPROTO_UDP, 0);
  look("both.test", NULL, AF_INET, 77, 0, 0);
  look("both.test", NULL, AF_UNIX, 0, 0, 0);
  look("both.test", NULL, AF_INET, 0, 0, 0x8000);
  look(NULL, NULL, AF_INET, 0, 0, AI_CANONNAME);
  look(
      "b\xc3\xbc"
      "cher.test",
      NULL, AF_INET, 0, 0, AI_IDN);
  look(
      "b\xc3\xbc"
      "cher.test",
      NULL, AF_INET, 0, 0, 0);
  struct addrinfo* list = NULL;
  printf("without hints: %s\n", gai_name(getaddrinfo("four.test", "80", NULL, &list)));
  freeaddrinfo(list);
}

static void buffers(void) {
  static const char* const kNames[] = {"four.test", "alias.test", "nx.test",      "inhosts",
                                       "10.0.0.1",  "big.test",   "servfail.test"};
  static const size_t kSizes[] = {0, 1, 16, 40, 64, 100, 160, 250, 512, 1024, 4096};
  for (unsigned i = 0; i < sizeof kNames / sizeof *kNames; i++)
    for (unsigned k = 0; k < sizeof kSizes / sizeof *kSizes; k++) {
      by_name_with(kNames[i], 0, kSizes[k]);
      by_name_with(kNames[i], AF_INET6, kSizes[k]);
    }
  by_name_with("four.test", AF_UNIX, 512);
  least_size("four.test", AF_INET);
  least_size("alias.test", AF_INET6);
  least_size("many.test", AF_INET6);
  least_size("big.test", AF_INET);
  by_name("many.test");
}

static void addresses(void) {
  static const char* const kAddresses[] = {
      "10.9.0.7",  "10.9.0.8",  "10.9.0.9", "10.9.0.10",       "10.9.0.99",  "fd00:9::7",
      "fd00:9::8", "127.0.0.1", "::1",      "::ffff:10.9.0.7", "::10.9.0.7", "10.9.0.50"};
  for (unsigned i = 0; i < sizeof kAddresses / sizeof *kAddresses; i++) {
    by_address(kAddresses[i]);
    name_of(kAddresses[i], 0, 80, 0, 300, 64);
    name_of(kAddresses[i], 0, 80, NI_NAMEREQD, 300, 64);
  }
  name_of("10.9.0.7", 0, 53, NI_DGRAM, 300, 64);
  name_of("10.9.0.7", 0, 53, NI_NUMERICHOST | NI_NUMERICSERV, 300, 64);
  name_of("10.9.0.7", 0, 53, NI_NUMERICSERV, 300, 64);
  name_of("10.9.0.10", 0, 53, NI_NOFQDN, 300, 64);
  name_of("10.9.0.7", 0, 54321, 0, 300, 64);
  name_of("10.9.0.7", 0, 80, 0, 4, 64);
  name_of("10.9.0.7", 0, 80, 0, 300, 2);
  name_of("10.9.0.7", 0, 80, 0, 0, 64);
  name_of("10.9.0.7", 0, 80, 0, 300, 0);
  name_of("10.9.0.7", 0, 80, 0x4000, 300, 64);
  name_of("fe80::1", 1, 80, 0, 300, 64);
  name_of("fe80::1", 1, 80, NI_NUMERICHOST, 300, 64);
  name_of("fe80::1", 77, 80, 0, 300, 64);
}

static void names_of_all_kinds(void) {
  static const char* const kNames[] = {"four",   "four.sub", "four.a.b", "four.test", "nx",
                                       "nodata", "servfail", "refused",  "half-a",    "toplevel",
                                       "single", "four.",    "who",      "alias",     "six"};
  for (unsigned i = 0; i < sizeof kNames / sizeof *kNames; i++) {
    look("", NULL, AF_INET, 0, 0, 0);
    look(kNames[i], NULL, AF_UNSPEC, SOCK_STREAM, 0, AI_CANONNAME);
    look(kNames[i], NULL, AF_INET, SOCK_STREAM, 0, AI_CANONNAME);
    by_name(kNames[i]);
  }
}

static void configurations(void) {
  static const char* const kSearching[] = {
      "nameserver 127.0.0.1\nsearch test\n",
      "nameserver 127.0.0.1\nsearch sub.test b.test test\noptions ndots:2\n",
      "nameserver 127.0.0.1\nsearch nothing.test . test\noptions ndots:0\n",
      "nameserver 127.0.0.1\ndomain sub.test\noptions ndots:3 no-tld-query\n",
      "nameserver 127.0.0.1\nsearch a.test b.test c.test d.test e.test f.test test\n"};
  for (unsigned i = 0; i < sizeof kSearching / sizeof *kSearching; i++) {
    resolv_conf(kSearching[i]);
    names_of_all_kinds();
  }
  static const char* const kOptions[] = {
      "nameserver 127.0.0.1\noptions use-vc\n",
      "nameserver 127.0.0.1\noptions edns0 trust-ad\n",
      "nameserver 127.0.0.1\noptions single-request\n",
      "nameserver 127.0.0.1\noptions single-request-reopen\n",
      "nameserver 127.0.0.1\noptions no-aaaa\n",
      "nameserver 127.0.0.1\nsortlist 10.8.0.0/255.255.0.0\n",
      "nameserver ::ffff:127.0.0.1\n",
      "nameserver 127.0.0.3\nnameserver 127.0.0.1\n",
      "nameserver fe80::1%lo\nnameserver 127.0.0.2\noptions timeout:1 attempts:1\n",
      "nameserver 127.0.0.2\nnameserver 127.0.0.1\noptions rotate\n",
      "nameserver 127.0.0.3\n",
      "nameserver 127.0.0.3\nsearch test\n"};
  static const char* const kNames[] = {
      "four.test", "both.test",   "alias.test",    "big.test",    "half-a.test", "half-aaaa.test",
      "nx.test",   "nodata.test", "servfail.test", "noedns.test", "many.test"};
  for (unsigned i = 0; i < sizeof kOptions / sizeof *kOptions; i++) {
    resolv_conf(kOptions[i]);
    for (unsigned k = 0; k < sizeof kNames / sizeof *kNames; k++) {
      look(kNames[k], NULL, AF_UNSPEC, SOCK_STREAM, 0, AI_CANONNAME);
      look(kNames[k], NULL, AF_INET, SOCK_STREAM, 0, 0);
      by_name(kNames[k]);
    }
    by_address("10.9.0.7");
  }
  resolv_conf("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
  look_plain("silent.test");
  look_plain("silent6.test");
  by_address("10.9.0.7");
  resolv_conf("nameserver 127.0.0.1\noptions timeout:1 attempts:1\nsearch test\n");
  look("silent", NULL, AF_INET, SOCK_STREAM, 0, 0);
}

/* What a program, or its user, changes by other ways. */
static void settings(void) {
  resolv_conf("nameserver 127.0.0.1\n");
  look("who.test", NULL, AF_INET, SOCK_STREAM, 0, 0);
  resolv_conf("nameserver 127.0.0.2\n");
  look("who.test", NULL, AF_INET, SOCK_STREAM, 0, 0);
  printf("== _res of the thread\n");
  _res.nsaddr_list[0].sin_addr.s_addr = inet_addr("127.0.0.1");
  look("who.test", NULL, AF_INET, SOCK_STREAM, 0, 0);
  res_init();
  look("who.test", NULL, AF_INET, SOCK_STREAM, 0, 0);
  printf("== LOCALDOMAIN, RES_OPTIONS, HOSTALIASES\n");
  setenv("LOCALDOMAIN", "sub.test test", 1);
  setenv("RES_OPTIONS", "ndots:2 timeout:1", 1);
  res_init();
  look("who.a", NULL, AF_INET, SOCK_STREAM, 0, AI_CANONNAME);
  unsetenv("LOCALDOMAIN");
  unsetenv("RES_OPTIONS");
  write_file("/etc/aliases-of-hosts", "short who.test\n");
  setenv("HOSTALIASES", "/etc/aliases-of-hosts", 1);
  res_init();
  look("short", NULL, AF_INET, SOCK_STREAM, 0, AI_CANONNAME);
  unsetenv("HOSTALIASES");
  printf("== gai.conf\n");
  write_file("/etc/gai.conf", "precedence ::ffff:0:0/96 100\n");
  look_plain("both.test");
  unlink("/etc/gai.conf");
  look_plain("both.test");
  printf("== two results of one thread\n");
  const struct hostent* first = gethostbyname("four.test");
  const struct hostent* second = gethostbyname("big.test");
  printf("the same place: %d\n", first == second);
  static unsigned char packet[2000];
  SAY_NUMBER(res_query("four.test", C_IN, T_A, packet, sizeof packet));
  SAY_NUMBER(res_search("nx.test", C_IN, T_A, packet, sizeof packet));
}

/* Which services are asked, and changes of that. */
static void services(void) {
  static const char* const kLines[] = {"hosts: files\n",
                                       "hosts: dns files\n",
                                       "hosts:files dns [NOTFOUND=return] files\n",
                                       "  hosts : dns [!UNAVAIL=return] files # comment\n",
                                       "hosts: files no-such-service dns\n",
                                       "hosts: files [SUCCESS=merge] dns\n",
                                       "networks: files\n",
                                       "hosts: files\nhosts: dns\n",
                                       "hosts: files dns\n"};
  resolv_conf("nameserver 127.0.0.1\n");
  for (unsigned i = 0; i < sizeof kLines / sizeof *kLines; i++) {
    printf("== %s", kLines[i]);
    write_file("/etc/nsswitch.conf", kLines[i]);
    look_plain("both.test");
    look_plain("inhosts");
    look("alias.test", NULL, AF_INET, SOCK_STREAM, 0, AI_CANONNAME);
    by_name("both.test");
    by_address("10.9.0.7");
  }
}

static void* ask_all(void* nothing) {
  resolv_conf("nameserver 127.0.0.1\n");
  need_no_server();
  kinds_of_answers();
  hints();
  buffers();
  addresses();
  configurations();
  services();
  settings();
  return nothing;
}

int main(void) {
  pthread_t asking;
  if (getenv("WEFT_IN_WORLD") == NULL) return 2; /* it writes to /etc */
  setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  pthread_create(&asking, NULL, ask_all, NULL);
  pthread_join(asking, NULL); /* waits meanwhile: so the other is not alone */
  return 0;
}
