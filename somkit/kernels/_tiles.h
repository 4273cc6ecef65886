/* Searching by tiles: units near each other in TILE lanes, LANES tiles near each other in a group, each with its box. A
 * box bounds the squares of its units without a margin: rounding is monotone, and both are summed in the same order. */

/* Squared distances of x from LANES boxes, whose lower and upper edges alternate feature by feature. */
static TARGET INLINE V SUFFIX(boxes)(const REAL *x, const REAL *edges, Py_ssize_t d)
{
    V sum = SPREAD((REAL)0);
    for (Py_ssize_t f = 0; f < d; f++, edges += 2 * LANES) {
        V value = SPREAD(x[f]), below = LOAD(edges) - value, beyond = value - LOAD(edges + LANES);
        V gap = GREATER(GREATER(below, beyond), SPREAD((REAL)0));
        sum = FMA(gap, gap, sum);
    }
    return sum;
}

typedef struct {
    double nearest[2];
    REAL limit;
    Py_ssize_t found;
} SUFFIX(Progress);

static TARGET INLINE void SUFFIX(scan)(const Tiles *p, const REAL *x, Py_ssize_t tile, int k, SUFFIX(Progress) *so_far,
                                       Py_ssize_t *proposed, double *measured)
{
    const REAL *w = (const REAL *)p->packed + tile * p->d * TILE, *start = (const REAL *)p->start + tile * TILE;
    const int64_t *unit_of = p->unit_of + tile * TILE;
    V a[4];
    UNROLL
    for (int v = 0; v < 4; v++)
        a[v] = LOAD(start + v * LANES);
    for (Py_ssize_t f = 0; f < p->d; f++, w += TILE) {
        V value = SPREAD(x[f]);
        UNROLL
        for (int v = 0; v < 4; v++) {
            V gap = value - LOAD(w + v * LANES);
            a[v] = FMA(gap, gap, a[v]);
        }
    }
    if (!MASK_LE(LESSER(LESSER(a[0], a[1]), LESSER(a[2], a[3])), SPREAD(so_far->limit)))
        return;
    double *nearest = so_far->nearest, lowest = LOWEST(LESSER(LESSER(a[0], a[1]), LESSER(a[2], a[3])));
    if (k == 2) {
        REAL values[TILE];
        UNROLL
        for (int v = 0; v < 4; v++)
            STORE(values + v * LANES, a[v]);
        for (int l = 0; l < TILE; l++) {
            double apart = values[l];
            nearest[1] = apart < nearest[0] ? nearest[0] : apart < nearest[1] ? apart : nearest[1];
            nearest[0] = apart < nearest[0] ? apart : nearest[0];
        }
    } else
        nearest[0] = lowest < nearest[0] ? lowest : nearest[0];
    so_far->limit = ROUND_UP(nearest[k - 1] * (1 + p->relative) + p->absolute);
    UNROLL
    for (int v = 0; v < 4; v++) {
        unsigned within = MASK_LE(a[v], SPREAD(so_far->limit));
        if (!within)
            continue;
        REAL values[LANES];
        STORE(values, a[v]);
        for (int l = 0; within >> l; l++)
            if (within >> l & 1 && unit_of[v * LANES + l] >= 0) {
                proposed[so_far->found] = (Py_ssize_t)unit_of[v * LANES + l];
                measured[so_far->found++] = values[l];
            }
    }
}

/* Where to look first if no seed is given: the tile of the nearest box in the group of the nearest box. */
static TARGET Py_ssize_t SUFFIX(promising)(const Tiles *p, const REAL *x, const REAL *bounds)
{
    REAL bound[LANES];
    Py_ssize_t group = 0, tile = 0;
    for (Py_ssize_t g = 1; g < p->groups; g++)
        group = bounds[g] < bounds[group] ? g : group;
    STORE(bound, SUFFIX(boxes)(x, (const REAL *)p->edges + group * 2 * LANES * p->d, p->d));
    for (int l = 1; l < LANES; l++)
        tile = bound[l] < bound[tile] ? l : tile;
    return group * LANES + tile;
}

/* Propose units for one row: those of the first tile, then of every tile whose box reaches within the limit. */
static TARGET Py_ssize_t SUFFIX(look_around)(const Tiles *p, const REAL *x, int k, int64_t seed, REAL *bounds,
                                             SUFFIX(Progress) *so_far, Py_ssize_t *proposed, double *measured)
{
    Py_ssize_t outer = (p->groups + LANES - 1) / LANES, d = p->d, visited = 0;
    for (Py_ssize_t o = 0; o < outer; o++)
        STORE(bounds + o * LANES, SUFFIX(boxes)(x, (const REAL *)p->outer_edges + o * 2 * LANES * d, d));
    Py_ssize_t first = seed >= 0 && seed < p->m ? (Py_ssize_t)p->tile_of[seed] : SUFFIX(promising)(p, x, bounds);
    SUFFIX(scan)(p, x, first, k, so_far, proposed, measured);
    for (Py_ssize_t g = 0; g < p->groups; g++) {
        if (!(bounds[g] <= so_far->limit))
            continue;
        V bound = SUFFIX(boxes)(x, (const REAL *)p->edges + g * 2 * LANES * d, d);
        if (!MASK_LE(bound, SPREAD(so_far->limit)))
            continue;
        REAL each[LANES];
        STORE(each, bound);
        for (int l = 0; l < LANES; l++)
            if (each[l] <= so_far->limit && g * LANES + l != first) {
                SUFFIX(scan)(p, x, g * LANES + l, k, so_far, proposed, measured);
                visited++;
            }
    }
    return visited;
}

/* Measure the proposals that are within the last limit; how many they are. */
static TARGET Py_ssize_t SUFFIX(remeasure)(const Tiles *p, const REAL *x, const SUFFIX(Progress) *so_far,
                                           Py_ssize_t *proposed, double *measured)
{
    const REAL *W = p->units;
    Py_ssize_t left = 0;
    if (so_far->limit < REAL_HALF_MAX) {
        for (Py_ssize_t c = 0; c < so_far->found; c++)
            if (measured[c] <= so_far->limit) {
                proposed[left] = proposed[c];
                measured[left++] = SUFFIX(distance)(x, W + proposed[c] * p->d, 1, p->d);
            }
        return left;
    }
    for (; left < p->m; left++) { /* overflow (or NaN) says nothing: look at every unit */
        proposed[left] = left;
        measured[left] = SUFFIX(distance)(x, W + left * p->d, 1, p->d);
    }
    return left;
}

static TARGET Py_ssize_t SUFFIX(tiles)(const Tiles *p, const void *rows, Py_ssize_t n, int k, const int64_t *seeds,
                                       int64_t *units, double *distances)
{
    Py_ssize_t places = p->groups * LANES * TILE, visited = 0;
    REAL *bounds = reserve((p->groups + LANES) * sizeof(REAL));
    Py_ssize_t *proposed = reserve(places * sizeof(Py_ssize_t));
    double *measured = reserve(places * sizeof(double));
    int failed = !bounds || !proposed || !measured;
    for (Py_ssize_t i = 0; i < n && !failed; i++) {
        const REAL *x = (const REAL *)rows + i * p->d;
        SUFFIX(Progress) so_far = {{INFINITY, INFINITY}, (REAL)INFINITY, 0};
        visited += SUFFIX(look_around)(p, x, k, seeds ? seeds[i] : -1, bounds, &so_far, proposed, measured);
        Py_ssize_t left = SUFFIX(remeasure)(p, x, &so_far, proposed, measured);
        decide(left, proposed, measured, k, p->d, units + i * k, distances + i * k);
    }
    release(bounds);
    release(proposed);
    release(measured);
    return failed ? -1 : visited;
}
