/* One instruction set (LEVEL_*, or none of them): float32, then float64. */
#undef WIDE
#include "_vectors.h"
#define REAL_HALF_MAX (FLT_MAX / 2)
#define EPSILON ((double)FLT_EPSILON)
#define ROUND_UP(value) above_f32(value)
#define LAST_ONES (last_ones_f32 + 16 - LANES)
#include "_lanes.h"
#undef REAL_HALF_MAX
#undef EPSILON
#undef ROUND_UP
#undef LAST_ONES
#define WIDE
#include "_vectors.h"
#define REAL_HALF_MAX (DBL_MAX / 2)
#define EPSILON DBL_EPSILON
#define ROUND_UP(value) (value)
#define LAST_ONES (last_ones_f64 + 8 - LANES)
#include "_lanes.h"
#undef REAL_HALF_MAX
#undef EPSILON
#undef ROUND_UP
#undef LAST_ONES
#undef WIDE
