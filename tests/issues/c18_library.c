/* Its constructor, which dlopen runs, looks up a name, and waits for a moment. */
#include <netdb.h>
#include <unistd.h>

int c18_error;
extern int c18_error;

__attribute__((constructor)) static void on_load(void) {
  struct addrinfo* found = NULL;
  c18_error = getaddrinfo("localhost", NULL, NULL, &found);
  if (c18_error == 0) freeaddrinfo(found);
  usleep(20000);
}
