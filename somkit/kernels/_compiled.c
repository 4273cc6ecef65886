/* The compiled kernels: Python's limited API around loops written once in _lanes.h and compiled for several instruction
 * sets, of which the machine's best is chosen at run time.
 *
 * Nothing is global or mutable; every call works on its own memory with the interpreter lock released. Arrays come as
 * C-contiguous buffers whose sizes are checked here and whose types are the caller's (compiled.py) business. Products
 * are never contracted behind our back (-ffp-contract=off): fused operations are spelled out, and only where a proof in
 * margins.py allows them. */
#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__) || defined(__clang__)
#define FORGET_REGISTERS __asm__ volatile("" ::: "memory") /* running minima must not crowd out running sums */
#define INLINE inline __attribute__((always_inline))
#define PREFETCH(p) __builtin_prefetch(p)
#define LOWEST_BIT(bits) __builtin_ctz(bits)
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#define ON_X86 1
#elif defined(__aarch64__)
#include <arm_neon.h>
#define ON_ARM 1
#endif
#else
#define INLINE inline
#define PREFETCH(p) ((void)(p))
#define LOWEST_BIT(bits) lowest_bit(bits)
#define UNROLL
#define FORGET_REGISTERS
#endif
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

#define DEPTH 64              /* products in one running sum; margins.py knows it through `depth` of compiled.py */
#define FINE_FROM (DEPTH + 1) /* features from which products are summed in pieces, and minima kept per vector */
#define HUGE_SCORE 1e30       /* of a unit that does not exist; above every score that is used */
#define HUGE_NORM 0x1p80      /* rows beyond are measured directly */
#define CLASSES 0x10000       /* map distances that 16 bits can tell apart */
#define NO_WAY 0xFFFF         /* as a number of edges */
#define CARRIED 64            /* units of a tile that values are carried to and from; frames.py knows it too */
#define STRETCH 64            /* units whose reach is tested at once */
#define MANY_VISITS 8         /* tiles from which it pays to begin with the closest one (measured) */
#define SAFE_LOW 0x1p-900     /* sums of squares between these have lost nothing to under- or overflow */
#define SAFE_HIGH 0x1p1000

typedef struct {
    const void *units, *packed, *half;
    const void *basis; /* of a low-rank search: then packed holds coordinates and, last, distances from its span */
    const int64_t *unit_of; /* the unit at each place of the packed codebook, -1 for none */
    const double *centre, *slacks;
    double scale, slope, base, tie, widest, excess, relative, absolute;
    Py_ssize_t m, d, width, blocks;
    int fragile;
} Search;

typedef struct {
    const void *units, *packed, *start;
    const void *centre, *axes, *edges, *outer_edges; /* boxes lie about a centre, along q axes of `columns` columns */
    const void *coordinates; /* of the units along the axes and, last, at most from their span; if axes are left out */
    const int64_t *unit_of, *tile_of;
    double relative, absolute, widening, blur, least, keep, take;
    Py_ssize_t m, d, q, columns, sides, groups; /* q + 1 sides if axes are left out: the last one for all of these */
} Tiles;

typedef struct {
    void *packed;
    const void *bias, *table;
    const uint16_t *classes, *nearest_class;
    double relative, absolute;
    Py_ssize_t m, d, groups, q, rows, columns;
    int parities; /* 0: classes between all units; below 0: of rows and of columns, whose influences are multiplied */
    int covered;  /* every class stands in the table */
} Online;

typedef struct {
    const void *classes; /* of `bytes` each: (targets, tiles * CARRIED, CARRIED) */
    const uint8_t *kept; /* (targets, tiles) */
    const int64_t *holders, *begin; /* units that hold values, and where in them those of each tile begin */
    const double *felt, *values;
    double *out;
    Py_ssize_t targets, tiles, columns;
    int bytes;
} Spread;

typedef struct {
    int block, lanes;
    Py_ssize_t (*search)(const Search *, const void *, Py_ssize_t, int, int64_t *, double *);
    Py_ssize_t (*tiles)(const Tiles *, const void *, Py_ssize_t, int, const int64_t *, int64_t *, double *);
    int (*online)(const Online *, const void *, const int64_t *, Py_ssize_t, const double *, const double *, int64_t *,
                  double *);
    void (*accumulate)(const void *, const double *, const int64_t *, const double *, const double *, Py_ssize_t,
                       Py_ssize_t, double *, double *);
    void (*carry)(const Spread *); /* of double precision only */
} Kernels;

#if !(defined(__GNUC__) || defined(__clang__))
static int lowest_bit(unsigned bits)
{
    int bit = 0;
    while (!(bits >> bit & 1))
        bit++;
    return bit;
}
#endif

/* Memory aligned for any vector; the address to free lies just before it. */
static void *reserve(size_t size)
{
    char *raw = malloc(size + 128);
    if (!raw)
        return NULL;
    char *aligned = (char *)(((uintptr_t)raw + 64 + sizeof(void *)) & ~(uintptr_t)63);
    ((void **)aligned)[-1] = raw;
    return aligned;
}

static void release(void *aligned)
{
    if (aligned)
        free(((void **)aligned)[-1]);
}

/* The k nearest of the proposals: again and again the lowest unit among those that tie with the nearest one left. Inline,
 * so that it is compiled for the caller's instruction set: changing over to another one costs more than the work. */
static INLINE void decide(Py_ssize_t count, Py_ssize_t *proposed, double *measured, int k, Py_ssize_t d, int64_t *units,
                   double *distances)
{
    const double tie = 1 + (double)(d + 4) * 0x1p-52;
    if (count == 1 && k == 1) {
        *units = (int64_t)*proposed;
        *distances = *measured;
        return;
    }
    for (int rank = 0; rank < k; rank++) {
        double lowest = INFINITY;
        Py_ssize_t chosen = -1;
        for (Py_ssize_t c = 0; c < count; c++)
            lowest = measured[c] < lowest ? measured[c] : lowest;
        double limit = lowest * tie;
        for (Py_ssize_t c = 0; c < count; c++)
            if (!(measured[c] > limit) && (chosen < 0 || proposed[c] < proposed[chosen]))
                chosen = c;
        units[rank] = chosen < 0 ? 0 : (int64_t)proposed[chosen];
        distances[rank] = chosen < 0 ? NAN : measured[chosen];
        if (chosen >= 0) {
            count--;
            proposed[chosen] = proposed[count];
            measured[chosen] = measured[count];
        }
    }
}

/* A bound rounded upwards to the type of the scores, maybe a number or two more than it need be. */
static INLINE float above_f32(double value)
{
    return (float)(value + (fabs(value) * 0x1p-23 + 0x1p-149));
}

/* A vector loaded `count` numbers from where LAST_ONES is keeps what the last `count` lanes hold. */
static const float last_ones_f32[32] = {[16] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
static const double last_ones_f64[16] = {[8] = 1, 1, 1, 1, 1, 1, 1, 1};

#ifdef ON_X86
/* The least, and the sum, of four numbers, and of two. */
static INLINE float lowest_sse2_f32(__m128 a)
{
    a = _mm_min_ps(a, _mm_movehl_ps(a, a));
    return _mm_cvtss_f32(_mm_min_ss(a, _mm_shuffle_ps(a, a, 1)));
}

static INLINE double lowest_sse2_f64(__m128d a)
{
    return _mm_cvtsd_f64(_mm_min_sd(a, _mm_unpackhi_pd(a, a)));
}

static INLINE float total_sse2_f32(__m128 a)
{
    a = a + _mm_movehl_ps(a, a);
    return _mm_cvtss_f32(_mm_add_ss(a, _mm_shuffle_ps(a, a, 1)));
}

static INLINE double total_sse2_f64(__m128d a)
{
    return _mm_cvtsd_f64(_mm_add_sd(a, _mm_unpackhi_pd(a, a)));
}
#endif

#ifdef ON_X86
#define LEVEL_AVX512
#include "_levels.h"
#undef LEVEL_AVX512
#define LEVEL_AVX2
#include "_levels.h"
#undef LEVEL_AVX2
#define LEVEL_SSE2
#include "_levels.h"
#undef LEVEL_SSE2
#endif
#ifdef ON_ARM
#define LEVEL_NEON
#include "_levels.h"
#undef LEVEL_NEON
#endif
#include "_levels.h"

typedef struct {
    const char *name;
    const Kernels *narrow, *wide;
} Level;

static const Level LEVELS[] = {
#ifdef ON_X86
    {"avx512", &kernels_avx512_f32, &kernels_avx512_f64},
    {"avx2", &kernels_avx2_f32, &kernels_avx2_f64},
    {"sse2", &kernels_sse2_f32, &kernels_sse2_f64},
#endif
#ifdef ON_ARM
    {"neon", &kernels_neon_f32, &kernels_neon_f64},
#endif
    {"plain", &kernels_plain_f32, &kernels_plain_f64},
};

static int available(const char *name)
{
#ifdef ON_X86
    if (strcmp(name, "avx512") == 0)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
    if (strcmp(name, "avx2") == 0)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    (void)name;
    return 1;
}

static const Kernels *kernels(int level, int wide)
{
    if (level < 0 || level >= (int)(sizeof LEVELS / sizeof *LEVELS) || !available(LEVELS[level].name)) {
        PyErr_SetString(PyExc_ValueError, "this machine has no such level of kernels");
        return NULL;
    }
    return wide ? LEVELS[level].wide : LEVELS[level].narrow;
}

/* levels() -> [(number, name, block and lanes in float32, in float64)], the fastest first */
static PyObject *levels(PyObject *self, PyObject *nothing)
{
    (void)self;
    (void)nothing;
    PyObject *list = PyList_New(0);
    for (int i = 0; list && i < (int)(sizeof LEVELS / sizeof *LEVELS); i++) {
        if (!available(LEVELS[i].name))
            continue;
        PyObject *entry =
            Py_BuildValue("(is(ii)(ii))", i, LEVELS[i].name, LEVELS[i].narrow->block, LEVELS[i].narrow->lanes,
                          LEVELS[i].wide->block, LEVELS[i].wide->lanes);
        if (!entry || PyList_Append(list, entry) < 0)
            Py_CLEAR(list);
        Py_XDECREF(entry);
    }
    return list;
}

/* An absent buffer is fine, one of another size is a mistake of the caller. */
static int fits(const Py_buffer *buffer, Py_ssize_t count, Py_ssize_t size)
{
    if (!buffer->buf || buffer->len == count * size)
        return 1;
    PyErr_Format(PyExc_ValueError, "a buffer of %zd bytes was passed where %zd are needed", buffer->len, count * size);
    return 0;
}

static int right(int condition)
{
    if (!condition)
        PyErr_SetString(PyExc_ValueError, "these arguments do not belong together");
    return condition;
}

static PyObject *finish(Py_ssize_t status, Py_buffer *buffers, int count)
{
    for (int i = 0; i < count; i++)
        if (buffers[i].obj)
            PyBuffer_Release(&buffers[i]);
    if (PyErr_Occurred())
        return NULL;
    if (status < 0)
        return PyErr_NoMemory();
    return PyLong_FromSsize_t(status);
}

/* search(...) -> how many units the scores left to be measured */
static PyObject *search(PyObject *self, PyObject *args)
{
    enum { X, W, PACKED, HALF, UNIT_OF, CENTRE, BASIS, SLACKS, UNITS, DISTANCES, BUFFERS };
    Py_buffer b[BUFFERS];
    Search p;
    Py_ssize_t n, size, block, total = 0;
    int level, wide, k;
    (void)self;
    memset(b, 0, sizeof b);
    if (!PyArg_ParseTuple(args, "iiy*y*y*y*y*y*z*z*w*w*nnnnnip(dddddddd)", &level, &wide, &b[X], &b[W], &b[PACKED],
                          &b[HALF], &b[UNIT_OF], &b[CENTRE], &b[BASIS], &b[SLACKS], &b[UNITS], &b[DISTANCES], &n, &p.m,
                          &p.d, &p.width, &p.blocks, &k, &p.fragile, &p.scale, &p.slope, &p.base, &p.tie, &p.widest,
                          &p.excess, &p.relative, &p.absolute))
        return finish(0, b, BUFFERS);
    const Kernels *use = kernels(level, wide);
    size = wide ? sizeof(double) : sizeof(float);
    block = use ? use->block : 1;
    if (use && fits(&b[X], n * p.d, size) && fits(&b[W], p.m * p.d, size) &&
        fits(&b[PACKED], p.blocks * block * p.width, size) && fits(&b[HALF], p.blocks * block, size) &&
        fits(&b[UNIT_OF], p.blocks * block, sizeof(int64_t)) && fits(&b[CENTRE], p.d, sizeof(double)) &&
        fits(&b[BASIS], (p.width - 1 + block - 1) / block * block * p.d, size) &&
        fits(&b[SLACKS], p.blocks * block, sizeof(double)) && fits(&b[UNITS], n * k, sizeof(int64_t)) &&
        fits(&b[DISTANCES], n * k, sizeof(double)) && right(k == 1 || k == 2) &&
        right(b[BASIS].buf ? b[SLACKS].buf != NULL : p.width == p.d)) {
        p.units = b[W].buf;
        p.packed = b[PACKED].buf;
        p.half = b[HALF].buf;
        p.unit_of = b[UNIT_OF].buf;
        p.centre = b[CENTRE].buf;
        p.basis = b[BASIS].buf;
        p.slacks = b[SLACKS].buf;
        Py_BEGIN_ALLOW_THREADS
        total = use->search(&p, b[X].buf, n, k, b[UNITS].buf, b[DISTANCES].buf);
        Py_END_ALLOW_THREADS
    }
    return finish(total, b, BUFFERS);
}

/* tiles(...) -> how many tiles were visited besides the first of each row */
static PyObject *tiles(PyObject *self, PyObject *args)
{
    enum {
        X, W, PACKED, START, UNIT_OF, TILE_OF, CENTRE, AXES, EDGES, OUTER_EDGES, COORDINATES, SEEDS, UNITS, DISTANCES,
        BUFFERS
    };
    Py_buffer b[BUFFERS];
    Tiles p;
    Py_ssize_t n, size, lanes, total = 0;
    int level, wide, k;
    (void)self;
    memset(b, 0, sizeof b);
    if (!PyArg_ParseTuple(args, "iiy*y*y*y*y*y*y*y*y*y*z*z*w*w*nnnnnni(ddddddd)", &level, &wide, &b[X], &b[W],
                          &b[PACKED], &b[START], &b[UNIT_OF], &b[TILE_OF], &b[CENTRE], &b[AXES], &b[EDGES],
                          &b[OUTER_EDGES], &b[COORDINATES], &b[SEEDS], &b[UNITS], &b[DISTANCES], &n, &p.m, &p.d, &p.q, &p.columns,
                          &p.groups, &k, &p.relative, &p.absolute, &p.widening, &p.blur, &p.least, &p.keep, &p.take))
        return finish(0, b, BUFFERS);
    const Kernels *use = kernels(level, wide);
    size = wide ? sizeof(double) : sizeof(float);
    lanes = use ? use->lanes : 1;
    p.sides = p.q + (p.q < p.d);
    if (use && fits(&b[X], n * p.d, size) && fits(&b[W], p.m * p.d, size) &&
        fits(&b[PACKED], p.groups * lanes * 4 * lanes * p.d, size) &&
        fits(&b[START], p.groups * lanes * 4 * lanes, size) &&
        fits(&b[UNIT_OF], p.groups * lanes * 4 * lanes, sizeof(int64_t)) && fits(&b[TILE_OF], p.m, sizeof(int64_t)) &&
        fits(&b[CENTRE], p.d, size) && fits(&b[AXES], p.d * p.columns, size) &&
        fits(&b[EDGES], p.groups * lanes * 2 * p.sides, size) &&
        fits(&b[OUTER_EDGES], (p.groups + lanes - 1) / lanes * lanes * 2 * p.sides, size) &&
        fits(&b[COORDINATES], p.groups * lanes * 4 * lanes * p.sides, size) && fits(&b[SEEDS], n, sizeof(int64_t)) &&
        fits(&b[UNITS], n * k, sizeof(int64_t)) && fits(&b[DISTANCES], n * k, sizeof(double)) &&
        right(k == 1 || k == 2) && right((p.q < p.d) == (b[COORDINATES].buf != NULL)) &&
        right(p.q <= p.columns && p.columns % (2 * lanes) == 0)) {
        p.units = b[W].buf;
        p.packed = b[PACKED].buf;
        p.start = b[START].buf;
        p.unit_of = b[UNIT_OF].buf;
        p.tile_of = b[TILE_OF].buf;
        p.centre = b[CENTRE].buf;
        p.axes = b[AXES].buf;
        p.edges = b[EDGES].buf;
        p.outer_edges = b[OUTER_EDGES].buf;
        p.coordinates = b[COORDINATES].buf;
        Py_BEGIN_ALLOW_THREADS
        total = use->tiles(&p, b[X].buf, n, k, b[SEEDS].buf, b[UNITS].buf, b[DISTANCES].buf);
        Py_END_ALLOW_THREADS
    }
    return finish(total, b, BUFFERS);
}

static int online_fits(const Py_buffer *b, const Online *p, Py_ssize_t samples, Py_ssize_t updates, Py_ssize_t size)
{
    enum { PACKED, BIAS, X, ORDER, RATES, TABLE, FACTORS, CLASS, NEAREST_CLASS, UNITS, DISTANCES };
    Py_ssize_t down = 2 * p->rows - 1, across = 2 * p->columns - 1, classes = p->m * p->m;
    if (p->parities < 0)
        classes = p->parities * p->parities * across;
    else if (p->parities > 0)
        classes = (down *= p->parities) * across;
    if (!(fits(&b[PACKED], p->groups * 128 * p->d, 1) && fits(&b[BIAS], 256, 1) &&
          fits(&b[X], samples * p->d, size) && fits(&b[ORDER], updates, sizeof(int64_t)) &&
          fits(&b[RATES], updates, sizeof(double)) &&
          fits(&b[TABLE], updates * p->q, size) &&
          fits(&b[FACTORS], p->m, sizeof(double)) && fits(&b[CLASS], classes, sizeof(uint16_t)) &&
          fits(&b[NEAREST_CLASS], down, sizeof(uint16_t)) && fits(&b[UNITS], updates, sizeof(int64_t)) &&
          fits(&b[DISTANCES], updates, sizeof(double))))
        return 0;
    if ((b[TABLE].buf && (!b[CLASS].buf || !b[RATES].buf)) || (p->parities && !b[NEAREST_CLASS].buf) ||
        p->q > 0xFFFF || (p->parities < 0 && (!p->covered || p->columns > CLASSES / 4))) {
        PyErr_SetString(PyExc_ValueError, "a table needs rates and at most 65535 classes");
        return 0;
    }
    if (p->parities && p->rows * p->columns != p->m) {
        PyErr_Format(PyExc_ValueError, "the classes are those of %zd units, the codebook has %zd",
                     p->rows * p->columns, p->m);
        return 0;
    }
    const int64_t *order = b[ORDER].buf;
    for (Py_ssize_t t = 0; t < updates; t++)
        if (order[t] < 0 || order[t] >= samples) {
            PyErr_Format(PyExc_IndexError, "order[%zd] is outside the samples", t);
            return 0;
        }
    return 1;
}

/* online(...) -> 0; the packed codebook is changed in place */
static PyObject *online(PyObject *self, PyObject *args)
{
    enum { PACKED, BIAS, X, ORDER, RATES, TABLE, FACTORS, CLASS, NEAREST_CLASS, UNITS, DISTANCES, BUFFERS };
    Py_buffer b[BUFFERS];
    Online p;
    Py_ssize_t samples, updates;
    int level, wide, status = 0;
    (void)self;
    memset(b, 0, sizeof b);
    if (!PyArg_ParseTuple(args, "iiw*y*y*y*z*z*z*z*z*w*w*nnnnnnnip(dd)", &level, &wide, &b[PACKED], &b[BIAS], &b[X],
                          &b[ORDER], &b[RATES], &b[TABLE], &b[FACTORS], &b[CLASS], &b[NEAREST_CLASS], &b[UNITS],
                          &b[DISTANCES], &samples, &updates, &p.m, &p.d, &p.q, &p.rows, &p.columns, &p.parities,
                          &p.covered, &p.relative, &p.absolute))
        return finish(0, b, BUFFERS);
    const Kernels *use = kernels(level, wide);
    p.groups = (p.m + (wide ? 15 : 31)) / (wide ? 16 : 32);
    if (use && online_fits(b, &p, samples, updates, wide ? sizeof(double) : sizeof(float))) {
        p.packed = b[PACKED].buf;
        p.bias = b[BIAS].buf;
        p.table = b[TABLE].buf;
        p.classes = b[CLASS].buf;
        p.nearest_class = b[NEAREST_CLASS].buf;
        Py_BEGIN_ALLOW_THREADS
        status = use->online(&p, b[X].buf, b[ORDER].buf, updates, b[RATES].buf, b[FACTORS].buf, b[UNITS].buf,
                             b[DISTANCES].buf);
        Py_END_ALLOW_THREADS
    }
    return finish(status, b, BUFFERS);
}

/* accumulate(...) -> 0; sums and counts are added to */
static PyObject *accumulate(PyObject *self, PyObject *args)
{
    enum { X, WEIGHTS, UNITS, CENTRE, SCALE, SUMS, COUNTS, BUFFERS };
    Py_buffer b[BUFFERS];
    Py_ssize_t n, m, d;
    int level, wide;
    (void)self;
    memset(b, 0, sizeof b);
    if (!PyArg_ParseTuple(args, "iiy*z*y*z*z*w*w*nnn", &level, &wide, &b[X], &b[WEIGHTS], &b[UNITS], &b[CENTRE],
                          &b[SCALE], &b[SUMS], &b[COUNTS], &n, &m, &d))
        return finish(0, b, BUFFERS);
    const Kernels *use = kernels(level, wide);
    if (use && fits(&b[X], n * d, wide ? sizeof(double) : sizeof(float)) && fits(&b[WEIGHTS], n, sizeof(double)) &&
        fits(&b[UNITS], n, sizeof(int64_t)) && fits(&b[CENTRE], d, sizeof(double)) &&
        fits(&b[SCALE], d, sizeof(double)) && fits(&b[SUMS], m * d, sizeof(double)) &&
        fits(&b[COUNTS], m, sizeof(double))) {
        const int64_t *units = b[UNITS].buf;
        for (Py_ssize_t i = 0; i < n; i++)
            if (units[i] < 0 || units[i] >= m) {
                PyErr_Format(PyExc_IndexError, "units[%zd] is outside the map", i);
                return finish(0, b, BUFFERS);
            }
        Py_BEGIN_ALLOW_THREADS
        use->accumulate(b[X].buf, b[WEIGHTS].buf, units, b[CENTRE].buf, b[SCALE].buf, n, d, b[SUMS].buf,
                        b[COUNTS].buf);
        Py_END_ALLOW_THREADS
    }
    return finish(0, b, BUFFERS);
}

/* carry(...) -> 0; out is added to */
static PyObject *carry(PyObject *self, PyObject *args)
{
    enum { CLASS, KEPT, HOLDERS, BEGIN, FELT, VALUES, OUT, BUFFERS };
    Py_buffer b[BUFFERS];
    Spread p;
    int level;
    (void)self;
    memset(b, 0, sizeof b);
    if (!PyArg_ParseTuple(args, "iiy*y*y*y*y*y*w*nnn", &level, &p.bytes, &b[CLASS], &b[KEPT], &b[HOLDERS], &b[BEGIN],
                          &b[FELT], &b[VALUES], &b[OUT], &p.targets, &p.tiles, &p.columns))
        return finish(0, b, BUFFERS);
    const Kernels *use = kernels(level, 1);
    Py_ssize_t count = b[HOLDERS].len / (Py_ssize_t)sizeof(int64_t), units = p.tiles * CARRIED;
    if (use && right((p.bytes == 1 || p.bytes == 2) && p.columns % use->lanes == 0) &&
        fits(&b[CLASS], p.targets * units * CARRIED, p.bytes) && fits(&b[KEPT], p.targets * p.tiles, 1) &&
        fits(&b[HOLDERS], count, sizeof(int64_t)) && fits(&b[BEGIN], p.tiles + 1, sizeof(int64_t)) &&
        fits(&b[FELT], (Py_ssize_t)1 << 8 * p.bytes, sizeof(double)) &&
        fits(&b[VALUES], units * p.columns, sizeof(double)) &&
        fits(&b[OUT], p.targets * CARRIED * p.columns, sizeof(double))) {
        p.classes = b[CLASS].buf;
        p.kept = b[KEPT].buf;
        p.holders = b[HOLDERS].buf;
        p.begin = b[BEGIN].buf;
        p.felt = b[FELT].buf;
        p.values = b[VALUES].buf;
        p.out = b[OUT].buf;
        int sound = p.begin[0] == 0 && p.begin[p.tiles] == count;
        for (Py_ssize_t s = 0; sound && s < p.tiles; s++)
            sound = p.begin[s] <= p.begin[s + 1];
        for (Py_ssize_t i = 0; sound && i < count; i++)
            sound = p.holders[i] >= 0 && p.holders[i] < units;
        if (right(sound)) {
            Py_BEGIN_ALLOW_THREADS
            use->carry(&p);
            Py_END_ALLOW_THREADS
        }
    }
    return finish(0, b, BUFFERS);
}

/* Numbers of edges from one unit to all, breadth first; NO_WAY where there is none. */
static void spread_out(const int64_t *begin, const int64_t *joined, Py_ssize_t m, int64_t source, uint16_t *hops,
                       int64_t *queue)
{
    Py_ssize_t head = 0, tail = 1;
    for (Py_ssize_t j = 0; j < m; j++)
        hops[j] = NO_WAY;
    hops[source] = 0;
    queue[0] = source;
    while (head < tail) {
        int64_t unit = queue[head++];
        for (int64_t e = begin[unit]; e < begin[unit + 1]; e++)
            if (hops[joined[e]] == NO_WAY) {
                hops[joined[e]] = (uint16_t)(hops[unit] + 1);
                queue[tail++] = joined[e];
            }
    }
}

static int sound_graph(const int64_t *begin, Py_ssize_t m, const int64_t *joined, Py_ssize_t edges,
                       const int64_t *sources, Py_ssize_t count)
{
    int sound = m < NO_WAY && begin[0] == 0 && begin[m] == edges;
    for (Py_ssize_t j = 0; sound && j < m; j++)
        sound = begin[j] <= begin[j + 1];
    for (Py_ssize_t e = 0; sound && e < edges; e++)
        sound = joined[e] >= 0 && joined[e] < m;
    for (Py_ssize_t i = 0; sound && i < count; i++)
        sound = sources[i] >= 0 && sources[i] < m;
    return sound;
}

/* hops(begin, joined, sources, out, m) -> 0; row i of out gets the numbers of edges from sources[i] to every unit */
static PyObject *hops(PyObject *self, PyObject *args)
{
    enum { BEGIN, JOINED, SOURCES, OUT, BUFFERS };
    Py_buffer b[BUFFERS];
    Py_ssize_t m;
    (void)self;
    memset(b, 0, sizeof b);
    if (!PyArg_ParseTuple(args, "y*y*y*w*n", &b[BEGIN], &b[JOINED], &b[SOURCES], &b[OUT], &m))
        return finish(0, b, BUFFERS);
    Py_ssize_t edges = b[JOINED].len / (Py_ssize_t)sizeof(int64_t), count = b[SOURCES].len / (Py_ssize_t)sizeof(int64_t);
    if (fits(&b[BEGIN], m + 1, sizeof(int64_t)) && fits(&b[OUT], count * m, sizeof(uint16_t))) {
        const int64_t *begin = b[BEGIN].buf, *joined = b[JOINED].buf, *sources = b[SOURCES].buf;
        int64_t *queue = reserve((size_t)(m + 1) * sizeof(int64_t));
        if (!queue)
            PyErr_NoMemory();
        else if (!sound_graph(begin, m, joined, edges, sources, count))
            PyErr_SetString(PyExc_IndexError, "the graph or the sources name units outside the map");
        else {
            Py_BEGIN_ALLOW_THREADS
            for (Py_ssize_t i = 0; i < count; i++)
                spread_out(begin, joined, m, sources[i], (uint16_t *)b[OUT].buf + i * m, queue);
            Py_END_ALLOW_THREADS
        }
        release(queue);
    }
    return finish(0, b, BUFFERS);
}

static PyMethodDef METHODS[] = {
    {"levels", levels, METH_NOARGS, NULL},
    {"search", search, METH_VARARGS, NULL},
    {"tiles", tiles, METH_VARARGS, NULL},
    {"online", online, METH_VARARGS, NULL},
    {"accumulate", accumulate, METH_VARARGS, NULL},
    {"carry", carry, METH_VARARGS, NULL},
    {"hops", hops, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot SLOTS[] = {{0, NULL}};
static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, "_compiled", NULL, 0, METHODS, SLOTS, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__compiled(void)
{
    PyObject *module = PyModuleDef_Init(&MODULE);
    return module;
}
