/* median.h: of measurements. */
#ifndef WEFT_TESTS_MEDIAN_H
#define WEFT_TESTS_MEDIAN_H
#include <stdlib.h>

static inline int by_size(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

/* Sorts the values. */
static inline double median(double* values, size_t count) {
  qsort(values, count, sizeof *values, by_size);
  return values[count / 2];
}

#endif
