/* Online training: the codebook in groups of GROUP units, the features of a group one after the other. */

typedef struct {
    V best, second, where;
} SUFFIX(Lane);

/* One group: move it by rate times `factors` towards x where it is reached, and measure it against the next row. */
static TARGET INLINE void SUFFIX(visit)(REAL *w, const REAL *x, const REAL *next, const REAL *start, REAL rate,
                                        const REAL *factors, Py_ssize_t d, Py_ssize_t group, SUFFIX(Lane) *lane)
{
    V sum[GROUP_VECTORS], factor[GROUP_VECTORS];
    UNROLL
    for (int v = 0; v < GROUP_VECTORS; v++) {
        sum[v] = LOAD(start + v * LANES);
        factor[v] = SPREAD(rate) * LOAD((factors ? factors : start) + v * LANES); /* not used without factors */
    }
    for (Py_ssize_t f = 0; f < d; f++, w += GROUP) {
        V here = SPREAD(x[f]), target = SPREAD(next[f]);
        UNROLL
        for (int v = 0; v < GROUP_VECTORS; v++) {
            V unit = LOAD(w + v * LANES);
            if (factors) {
                unit = unit + factor[v] * (here - unit);
                STORE(w + v * LANES, unit);
            }
            V gap = target - unit;
            sum[v] = FMA(gap, gap, sum[v]);
        }
    }
    UNROLL
    for (int v = 0; v < GROUP_VECTORS; v++)
        SUFFIX(note)(sum[v], (REAL)(group * GROUP_VECTORS + v), &lane->best, &lane->second, &lane->where);
}

/* Visit every group, and leave `active` all zero, and `factors` where it was not. `active` NULL: only search. */
static TARGET SUFFIX(Lane) SUFFIX(pass)(const Online *p, const REAL *x, const REAL *next, REAL rate, REAL *factors,
                                        uint8_t *active)
{
    SUFFIX(Lane) lane;
    lane.best = lane.second = SPREAD((REAL)INFINITY);
    lane.where = SPREAD((REAL)0);
    REAL *w = p->packed;
    const REAL *bias = p->bias; /* zeros for a full group, then infinities where the last group has no unit */
    for (Py_ssize_t g = 0; g < p->groups; g++, w += GROUP * p->d) {
        const REAL *start = bias + (g + 1 == p->groups ? GROUP : 0);
        if (active && active[g]) {
            SUFFIX(visit)(w, x, next, start, rate, factors + g * GROUP, p->d, g, &lane);
            active[g] = 0;
            for (int v = 0; v < GROUP_VECTORS; v++)
                STORE(factors + g * GROUP + v * LANES, SPREAD((REAL)0));
        } else
            SUFFIX(visit)(w, x, next, start, 0, NULL, p->d, g, &lane);
    }
    return lane;
}

/* The units of every group of which one is within the limit: for lanes that hold more than one. */
static TARGET Py_ssize_t SUFFIX(gather)(const Online *p, const REAL *x, REAL limit, Py_ssize_t *proposed)
{
    Py_ssize_t count = 0;
    for (Py_ssize_t g = 0; g < p->groups; g++) {
        SUFFIX(Lane) group;
        group.best = group.second = SPREAD((REAL)INFINITY);
        group.where = SPREAD((REAL)0);
        SUFFIX(visit)((REAL *)p->packed + g * GROUP * p->d, x, x, (const REAL *)p->bias, 0, NULL, p->d, 0, &group);
        if (MASK_LE(group.best, SPREAD(limit)))
            for (Py_ssize_t j = g * GROUP; j < (g + 1) * GROUP && j < p->m; j++)
                proposed[count++] = j;
    }
    return count;
}

/* The nearest unit, from what a pass has found: candidates are those within the margin of directly summed squares. */
static TARGET INLINE void SUFFIX(settle)(const Online *p, const REAL *x, const SUFFIX(Lane) *lane, Py_ssize_t *proposed,
                                         double *measured, int64_t *unit, double *distance)
{
    REAL where[LANES];
    const REAL *packed = p->packed, limit = ROUND_UP((double)LOWEST(lane->best) * (1 + p->relative) + p->absolute);
    unsigned within = MASK_LE(lane->best, SPREAD(limit)), crowded = MASK_LE(lane->second, SPREAD(limit));
    Py_ssize_t count = 0;
    STORE(where, lane->where);
    for (; within; within &= within - 1) {
        int l = LOWEST_BIT(within);
        proposed[count++] = (Py_ssize_t)where[l] * LANES + l;
    }
    if (!(limit < REAL_HALF_MAX)) /* overflow (or NaN) says nothing: look at every unit */
        for (count = 0; count < p->m; count++)
            proposed[count] = count;
    else if (crowded)
        count = SUFFIX(gather)(p, x, limit, proposed);
    for (Py_ssize_t c = 0; c < count; c++)
        measured[c] = SUFFIX(distance)(x, packed + proposed[c] / GROUP * GROUP * p->d + proposed[c] % GROUP, GROUP,
                                       p->d);
    decide(count, proposed, measured, 1, p->d, unit, distance);
}

/* Look up the factors of the units first .. first + count - 1, whose classes lie in a row. */
static TARGET INLINE void SUFFIX(look_up)(const uint16_t *classes, Py_ssize_t first, Py_ssize_t count, Py_ssize_t limit,
                                          const REAL *values, REAL *factors, uint8_t *active)
{
    for (Py_ssize_t i = 0; i < count; i += STRETCH) {
        Py_ssize_t length = count - i < STRETCH ? count - i : STRETCH, from = first + i;
        const uint16_t *c = classes + i;
        if (count > STRETCH) { /* of a long row, most may be out of reach */
            uint16_t lowest = 0xFFFF;
            for (Py_ssize_t l = 0; l < length; l++)
                lowest = c[l] < lowest ? c[l] : lowest;
            if (lowest >= limit)
                continue;
        }
        UNROLL
        for (Py_ssize_t l = 0; l < length; l++)
            factors[from + l] = values[c[l]];
        memset(active + from / GROUP, 1, (from + length - 1) / GROUP - from / GROUP + 1);
    }
}

/* As `reach`, where the influence on a unit is a product of what its row and its column feel. Whole vectors are written
 * row after row: past a row's end they hold zeros, which the next row overwrites. */
static TARGET INLINE void SUFFIX(reach_by_axes)(const Online *p, Py_ssize_t unit, const REAL *table, REAL *values,
                                                REAL *factors, uint8_t *active)
{
    Py_ssize_t parities = -p->parities, odd = parities - 1, row = unit / p->columns, column = unit % p->columns;
    Py_ssize_t stride = (p->columns + LANES - 1) / LANES * LANES;
    const uint16_t *down = p->nearest_class + p->rows - 1 - row;
    for (Py_ssize_t parity = 0; parity < parities; parity++) {
        const uint16_t *across =
            p->classes + ((row & odd) * parities + parity) * (2 * p->columns - 1) + p->columns - 1 - column;
        for (Py_ssize_t c = 0; c < p->columns; c++)
            values[parity * stride + c] = table[across[c]];
    }
    Py_ssize_t first = 0, last = p->rows - 1;
    while (first < last && table[down[first]] == 0)
        first++;
    while (last > first && table[down[last]] == 0)
        last--;
    for (Py_ssize_t r = first; r <= last; r++) {
        REAL felt = table[down[r]];
        const REAL *columns = values + (r & odd) * stride;
        for (Py_ssize_t c = 0; c < p->columns; c += LANES)
            STORE(factors + r * p->columns + c, SPREAD(felt) * LOAD(columns + c));
    }
    first = first * p->columns / GROUP;
    memset(active + first, 1, (last * p->columns + p->columns - 1) / GROUP - first + 1);
}

/* Fill in the factors by which an update moves the units that it reaches, to be multiplied by its rate; `values` holds
 * one for each class, and stays zero from *limit on. */
static TARGET void SUFFIX(reach)(const Online *p, Py_ssize_t unit, Py_ssize_t update, REAL *values, Py_ssize_t *limit,
                                 REAL *factors, uint8_t *active)
{
    const REAL *table = (const REAL *)p->table + update * p->q;
    Py_ssize_t reached = p->q;
    if (p->parities < 0) {
        SUFFIX(reach_by_axes)(p, unit, table, values, factors, active);
        return;
    }
    while (reached && table[reached - 1] == 0)
        reached--;
    if (reached == p->q && p->covered && !p->parities) { /* every unit is moved */
        const uint16_t *classes = p->classes + unit * p->m;
        UNROLL
        for (Py_ssize_t j = 0; j < p->m; j++)
            factors[j] = table[classes[j]];
        memset(active, 1, p->groups);
        return;
    }
    memcpy(values, table, reached * sizeof(REAL));
    for (Py_ssize_t c = reached; c < *limit; c++)
        values[c] = 0;
    *limit = reached;
    if (!p->parities) {
        SUFFIX(look_up)(p->classes + unit * p->m, 0, p->m, reached, values, factors, active);
        return;
    }
    Py_ssize_t row = unit / p->columns, column = unit % p->columns, across = 2 * p->columns - 1;
    Py_ssize_t base = (p->parities == 2 && row % 2 ? 2 * p->rows - 1 : 0) + p->rows - 1 - row;
    for (Py_ssize_t r = 0; r < p->rows; r++)
        if (p->nearest_class[base + r] < reached)
            SUFFIX(look_up)(p->classes + (base + r) * across + p->columns - 1 - column, r * p->columns, p->columns,
                            reached, values, factors, active);
}

/* The memory of one call. `factors` and `active` are all zero between passes, `values` is from `limit` on. */
typedef struct {
    REAL *factors, *values;
    uint8_t *active;
    Py_ssize_t *proposed, limit;
    double *measured;
} SUFFIX(Desk);

static void *SUFFIX(zeros)(size_t size)
{
    void *memory = reserve(size);
    return memory ? memset(memory, 0, size) : NULL;
}

/* Update after update: each pass moves the units for one row and searches for the next. No table: only search. */
static TARGET void SUFFIX(updates)(const Online *p, const REAL *X, const int64_t *order, Py_ssize_t updates,
                                   const double *rates, SUFFIX(Desk) *desk, int64_t *units, double *distances)
{
    SUFFIX(Lane) lane;
    for (Py_ssize_t t = 0; t < updates; t++) {
        const REAL *x = X + order[t] * p->d, *next = t + 1 < updates ? X + order[t + 1] * p->d : x;
        if (t == 0 || !p->table)
            lane = SUFFIX(pass)(p, x, x, 0, desk->factors, NULL);
        SUFFIX(settle)(p, x, &lane, desk->proposed, desk->measured, units + t, distances + t);
        if (p->table) {
            SUFFIX(reach)(p, (Py_ssize_t)units[t], t, desk->values, &desk->limit, desk->factors, desk->active);
            lane = SUFFIX(pass)(p, x, next, (REAL)rates[t], desk->factors, desk->active);
        }
    }
}

/* A block of updates; no table: only search for each row; `factors` not NULL: only move, by these. */
static TARGET int SUFFIX(online)(const Online *p, const void *rows, const int64_t *order, Py_ssize_t updates,
                                 const double *rates, const double *factors, int64_t *units, double *distances)
{
    Py_ssize_t padded = p->groups * GROUP;
    Py_ssize_t classes = p->parities < 0 ? 2 * (p->columns + LANES) : p->covered ? p->q : CLASSES;
    SUFFIX(Desk) desk = {SUFFIX(zeros)((padded + LANES) * sizeof(REAL)), SUFFIX(zeros)(classes * sizeof(REAL)),
                         SUFFIX(zeros)(p->groups), reserve(padded * sizeof(Py_ssize_t)), 0,
                         reserve(padded * sizeof(double))};
    int failed = !desk.factors || !desk.values || !desk.active || !desk.proposed || !desk.measured;
    if (!failed && factors) {
        for (Py_ssize_t j = 0; j < p->m; j++) {
            desk.factors[j] = (REAL)factors[j];
            desk.active[j / GROUP] |= desk.factors[j] != 0;
        }
        SUFFIX(pass)(p, rows, rows, 1, desk.factors, desk.active);
    } else if (!failed)
        SUFFIX(updates)(p, rows, order, updates, rates, &desk, units, distances);
    release(desk.factors);
    release(desk.values);
    release(desk.active);
    release(desk.proposed);
    release(desk.measured);
    return failed ? -1 : 0;
}
