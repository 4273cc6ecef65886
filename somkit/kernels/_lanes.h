/* The loops, written once and compiled for each instruction set and number type: see _vectors.h for the operations.
 *
 * Everything here only proposes units; `decide` in _compiled.c chooses among the proposals by distances evaluated
 * directly in double precision, in one fixed order of summation that the numpy twin shares. The proofs that the chosen
 * unit is always among the proposals are in margins.py. */

#define TILE (4 * LANES)
#define BLOCK (VECTORS * LANES)   /* units that one pass of the product keeps in registers */
#define PANEL_BYTES (192 * 1024)  /* rows, and units, that stay in the second-level cache together */
#define HOT_BYTES (24 * 1024)     /* units that stay in the first-level cache, where every load of them would count */
#define GROUP ((int)(128 / sizeof(REAL))) /* units side by side in the layout of an online codebook */
#define GROUP_VECTORS (GROUP / LANES)

/* Eight sums added as a tree. */
static INLINE double SUFFIX(added)(const double *part)
{
    return ((part[0] + part[4]) + (part[2] + part[6])) + ((part[1] + part[5]) + (part[3] + part[7]));
}

/* The same distance where squares under- or overflow: divided by a power of two first. */
static TARGET double SUFFIX(scaled_distance)(const REAL *x, const REAL *w, Py_ssize_t stride, Py_ssize_t d)
{
    double part[8] = {0, 0, 0, 0, 0, 0, 0, 0}, widest = 0;
    for (Py_ssize_t f = 0; f < d; f++) {
        double gap = fabs((double)x[f] - (double)w[f * stride]);
        if (!(gap <= widest))
            widest = gap;
    }
    if (widest == 0 || !(widest <= DBL_MAX))
        return widest;
    int exponent;
    frexp(widest, &exponent);
    for (Py_ssize_t f = 0; f < d; f++) {
        double gap = ldexp((double)x[f] - (double)w[f * stride], -exponent);
        part[f & 7] += gap * gap;
    }
    return ldexp(sqrt(SUFFIX(added)(part)), exponent);
}

/* Distance of one row and one unit whose features lie `stride` apart: eight interleaved sums, added as a tree. */
static TARGET INLINE double SUFFIX(distance)(const REAL *x, const REAL *w, Py_ssize_t stride, Py_ssize_t d)
{
    double part[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    Py_ssize_t f = 0;
    for (; f + 8 <= d; f += 8)
        UNROLL
        for (int l = 0; l < 8; l++) {
            double gap = (double)x[f + l] - (double)w[(f + l) * stride];
            part[l] += gap * gap;
        }
    for (int l = 0; f < d; f++, l++) {
        double gap = (double)x[f] - (double)w[f * stride];
        part[l] += gap * gap;
    }
    double sum = SUFFIX(added)(part);
    if (sum >= SAFE_LOW && sum <= SAFE_HIGH)
        return sqrt(sum);
    return SUFFIX(scaled_distance)(x, w, stride, d);
}

/* Note a value, and where it was seen, if it is among the two lowest of its lane. */
static TARGET INLINE void SUFFIX(note)(V value, REAL number, V *best, V *second, V *where)
{
    *second = LESSER(*second, GREATER(value, *best));
    *where = PICK(value, *best, SPREAD(number), *where);
    *best = LESSER(value, *best);
}

#include "_search.h"
#include "_tiles.h"
#include "_online.h"
#ifdef WIDE
#include "_spread.h"
#define CARRY SUFFIX(carry)
#else
#define CARRY NULL
#endif

/* sums[unit] += weight * (x - centre) * scale, counts[unit] += weight, row by row */
static TARGET void SUFFIX(accumulate)(const void *rows, const double *weights, const int64_t *units,
                                      const double *centre, const double *scale, Py_ssize_t n, Py_ssize_t d,
                                      double *sums, double *counts)
{
    const REAL *x = rows;
    for (Py_ssize_t i = 0; i < n; i++, x += d) {
        double weight = weights ? weights[i] : 1, *sum = sums + units[i] * d;
        counts[units[i]] += weight;
        if (centre)
            for (Py_ssize_t f = 0; f < d; f++)
                sum[f] += weight * (((double)x[f] - centre[f]) * scale[f]);
        else if (weights)
            for (Py_ssize_t f = 0; f < d; f++)
                sum[f] += weight * (double)x[f];
        else
            for (Py_ssize_t f = 0; f < d; f++)
                sum[f] += (double)x[f];
    }
}

static const Kernels SUFFIX(kernels) = {
    BLOCK, LANES, SUFFIX(search), SUFFIX(tiles), SUFFIX(online), SUFFIX(accumulate), CARRY,
};

#undef CARRY
#undef BLOCK
#undef TILE
#undef PANEL_BYTES
#undef HOT_BYTES
#undef GROUP
#undef GROUP_VECTORS
