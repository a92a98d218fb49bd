/* futex(2) by syscall(2) with wrong addresses, in each argument that is one. */
#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "say.h"

static uint32_t word;

static long futex(const void* at, int op, uint32_t value, const void* timeout, const void* at2,
                  uint32_t value3) {
  return syscall(SYS_futex, at, op, value, timeout, at2, value3);
}

static const void* misaligned(void) { return (const char*)&word + 1; }
static const void* at_number(uintptr_t number) { return (const void*)number; }

static void use(int private) {
  printf("-- %s\n", private ? "private" : "shared");
  SAY_ERRNO(futex(misaligned(), FUTEX_WAIT | private, 0, NULL, NULL, 0));
  SAY_ERRNO(futex(misaligned(), FUTEX_WAKE | private, 1, NULL, NULL, 0));
  SAY_ERRNO(futex(NULL, FUTEX_WAIT | private, 0, NULL, NULL, 0));
  SAY_ERRNO(futex(NULL, FUTEX_WAKE | private, 1, NULL, NULL, 0));
  SAY_ERRNO(futex(at_number(4096), FUTEX_WAIT | private, 0, NULL, NULL, 0));
  SAY_ERRNO(futex(at_number(4096), FUTEX_WAKE | private, 1, NULL, NULL, 0));
  SAY_ERRNO(futex(at_number(UINTPTR_MAX - 4095), FUTEX_WAIT | private, 0, NULL, NULL, 0));
  SAY_ERRNO(futex(&word, FUTEX_WAIT | private, 0, at_number(4096), NULL, 0));
  SAY_ERRNO(futex(&word, FUTEX_CMP_REQUEUE | private, 1, (void*)1, misaligned(), 0));
  SAY_ERRNO(futex(&word, FUTEX_CMP_REQUEUE | private, 1, (void*)1, NULL, 0));
  SAY_ERRNO(futex(&word, FUTEX_WAKE_OP | private, 1, (void*)1, misaligned(), 0));
  SAY_ERRNO(futex(&word, FUTEX_WAKE_OP | private, 1, (void*)1, NULL, 0));
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  use(0);
  use(FUTEX_PRIVATE_FLAG);
  return 0;
}
