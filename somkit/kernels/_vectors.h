/* The vector operations that _lanes.h needs, for one instruction set (LEVEL_*) and one number type (WIDE: double).
 *
 * Only what the C operators + - * on vectors cannot say is spelled out. Where no vector is known, a "vector" is one
 * number and every operation plain C, so any compiler can build the file. */

#undef REAL
#undef V
#undef LANES
#undef ROWS
#undef VECTORS
#undef TARGET
#undef SUFFIX
#undef LOAD
#undef STORE
#undef SPREAD
#undef LESSER
#undef GREATER
#undef FMA
#undef FNMA
#undef PICK
#undef MASK_LE
#undef LOWEST
#undef TOTAL
#undef OP

#ifdef WIDE
#define REAL double
#else
#define REAL float
#endif

#if defined(LEVEL_AVX512) || defined(LEVEL_AVX2) || defined(LEVEL_SSE2)
#ifdef WIDE
#define OP(prefix, name) prefix##name##_pd
#else
#define OP(prefix, name) prefix##name##_ps
#endif
#endif

#if defined(LEVEL_AVX512)
#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")))
#define ROWS 6
#define VECTORS 4
#ifdef WIDE
#define SUFFIX(name) name##_avx512_f64
#define V __m512d
#define LANES 8
#define MASK_LE(a, b) ((unsigned)_mm512_cmp_pd_mask(a, b, _CMP_LE_OQ))
#else
#define SUFFIX(name) name##_avx512_f32
#define V __m512
#define LANES 16
#define MASK_LE(a, b) ((unsigned)_mm512_cmp_ps_mask(a, b, _CMP_LE_OQ))
#endif
#define LOAD(p) OP(_mm512_, loadu)(p)
#define STORE(p, a) OP(_mm512_, storeu)(p, a)
#define SPREAD(x) OP(_mm512_, set1)(x)
#define LESSER(a, b) OP(_mm512_, min)(a, b)
#define GREATER(a, b) OP(_mm512_, max)(a, b)
#define LOWEST(a) OP(_mm512_, reduce_min)(a)
#define TOTAL(a) OP(_mm512_, reduce_add)(a)
#define FMA(a, b, c) OP(_mm512_, fmadd)(a, b, c)
#define FNMA(a, b, c) OP(_mm512_, fnmadd)(a, b, c)
#ifdef WIDE
#define PICK(a, b, x, y) _mm512_mask_blend_pd(_mm512_cmp_pd_mask(a, b, _CMP_LT_OQ), y, x)
#else
#define PICK(a, b, x, y) _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), y, x)
#endif

#elif defined(LEVEL_AVX2)
#define TARGET __attribute__((target("avx2,fma")))
#define ROWS 4
#define VECTORS 3
#ifdef WIDE
#define SUFFIX(name) name##_avx2_f64
#define V __m256d
#define LANES 4
#define LOWEST(a) lowest_sse2_f64(_mm_min_pd(_mm256_castpd256_pd128(a), _mm256_extractf128_pd(a, 1)))
#define TOTAL(a) total_sse2_f64(_mm256_castpd256_pd128(a) + _mm256_extractf128_pd(a, 1))
#else
#define SUFFIX(name) name##_avx2_f32
#define V __m256
#define LANES 8
#define LOWEST(a) lowest_sse2_f32(_mm_min_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1)))
#define TOTAL(a) total_sse2_f32(_mm256_castps256_ps128(a) + _mm256_extractf128_ps(a, 1))
#endif
#define LOAD(p) OP(_mm256_, loadu)(p)
#define STORE(p, a) OP(_mm256_, storeu)(p, a)
#define SPREAD(x) OP(_mm256_, set1)(x)
#define LESSER(a, b) OP(_mm256_, min)(a, b)
#define GREATER(a, b) OP(_mm256_, max)(a, b)
#define FMA(a, b, c) OP(_mm256_, fmadd)(a, b, c)
#define FNMA(a, b, c) OP(_mm256_, fnmadd)(a, b, c)
#define PICK(a, b, x, y) OP(_mm256_, blendv)(y, x, OP(_mm256_, cmp)(a, b, _CMP_LT_OQ))
#define MASK_LE(a, b) ((unsigned)OP(_mm256_, movemask)(OP(_mm256_, cmp)(a, b, _CMP_LE_OQ)))

#elif defined(LEVEL_SSE2)
#define TARGET
#define ROWS 4
#define VECTORS 2
#ifdef WIDE
#define SUFFIX(name) name##_sse2_f64
#define V __m128d
#define LANES 2
#define LOWEST(a) lowest_sse2_f64(a)
#define TOTAL(a) total_sse2_f64(a)
#else
#define SUFFIX(name) name##_sse2_f32
#define V __m128
#define LANES 4
#define LOWEST(a) lowest_sse2_f32(a)
#define TOTAL(a) total_sse2_f32(a)
#endif
#define LOAD(p) OP(_mm_, loadu)(p)
#define STORE(p, a) OP(_mm_, storeu)(p, a)
#define SPREAD(x) OP(_mm_, set1)(x)
#define LESSER(a, b) OP(_mm_, min)(a, b)
#define GREATER(a, b) OP(_mm_, max)(a, b)
#define FMA(a, b, c) ((a) * (b) + (c))
#define FNMA(a, b, c) ((c) - (a) * (b))
#define PICK(a, b, x, y) \
    OP(_mm_, or)(OP(_mm_, and)(OP(_mm_, cmplt)(a, b), x), OP(_mm_, andnot)(OP(_mm_, cmplt)(a, b), y))
#define MASK_LE(a, b) ((unsigned)OP(_mm_, movemask)(OP(_mm_, cmple)(a, b)))

#elif defined(LEVEL_NEON)
#define TARGET
#define ROWS 6
#define VECTORS 4
#ifdef WIDE
#define SUFFIX(name) name##_neon_f64
#define V float64x2_t
#define LANES 2
#define OP(name) name##q_f64
#define MASK_LE(a, b) ((unsigned)vaddvq_u64(vandq_u64(vcleq_f64(a, b), (uint64x2_t){1, 2})))
#else
#define SUFFIX(name) name##_neon_f32
#define V float32x4_t
#define LANES 4
#define OP(name) name##q_f32
#define MASK_LE(a, b) ((unsigned)vaddvq_u32(vandq_u32(vcleq_f32(a, b), (uint32x4_t){1, 2, 4, 8})))
#endif
#define LOAD(p) OP(vld1)(p)
#define STORE(p, a) OP(vst1)(p, a)
#ifdef WIDE
#define SPREAD(x) vdupq_n_f64(x)
#else
#define SPREAD(x) vdupq_n_f32(x)
#endif
#define LESSER(a, b) OP(vmin)(a, b)
#define GREATER(a, b) OP(vmax)(a, b)
#define LOWEST(a) OP(vminv)(a)
#define TOTAL(a) OP(vaddv)(a)
#define FMA(a, b, c) OP(vfma)(c, a, b)
#define FNMA(a, b, c) OP(vfms)(c, a, b)
#define PICK(a, b, x, y) OP(vbsl)(OP(vclt)(a, b), x, y)

#else
#define TARGET
#define ROWS 4
#define VECTORS 4
#define LANES 1
#define V REAL
#ifdef WIDE
#define SUFFIX(name) name##_plain_f64
#else
#define SUFFIX(name) name##_plain_f32
#endif
#define LOAD(p) (*(p))
#define STORE(p, a) (*(p) = (a))
#define SPREAD(x) (x)
#define LESSER(a, b) ((a) < (b) ? (a) : (b))
#define GREATER(a, b) ((a) > (b) ? (a) : (b))
#define FMA(a, b, c) ((a) * (b) + (c))
#define FNMA(a, b, c) ((c) - (a) * (b))
#define PICK(a, b, x, y) ((a) < (b) ? (x) : (y))
#define MASK_LE(a, b) ((unsigned)((a) <= (b)))
#define LOWEST(a) (a)
#define TOTAL(a) (a)
#endif
