/* One instruction set (LEVEL_*, or none of them): float32, then float64. */
#undef WIDE
#include "_vectors.h"
#define REAL_HALF_MAX (FLT_MAX / 2)
#define EPSILON ((double)FLT_EPSILON)
#define ROUND_UP(value) above_f32(value)
#include "_lanes.h"
#undef REAL_HALF_MAX
#undef EPSILON
#undef ROUND_UP
#define WIDE
#include "_vectors.h"
#define REAL_HALF_MAX (DBL_MAX / 2)
#define EPSILON DBL_EPSILON
#define ROUND_UP(value) (value)
#include "_lanes.h"
#undef REAL_HALF_MAX
#undef EPSILON
#undef ROUND_UP
#undef WIDE
