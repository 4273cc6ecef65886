/* Searching by scores: the product of rows and units and the minimum over units, while both are in registers. See
 * margins.py, "Scores" and "Low rank". */

/* For one row and each lane: the two lowest minima seen, and where the lowest was. A track is a lane of a block in a
 * coarse sweep, a lane of one of its vectors in a fine one. */
typedef struct {
    V best[VECTORS], second[VECTORS], where[VECTORS];
} SUFFIX(State);

/* The smallest `k` of `count` values, for the tiny k of a search: the k-th smallest. */
static INLINE REAL SUFFIX(kth)(const REAL *values, int count, int k)
{
    REAL lowest[2] = {values[0], (REAL)INFINITY};
    for (int l = 1; l < count; l++) {
        REAL value = values[l];
        REAL larger = value > lowest[0] ? value : lowest[0];
        lowest[0] = value < lowest[0] ? value : lowest[0];
        lowest[1] = larger < lowest[1] ? larger : lowest[1];
    }
    return lowest[k - 1];
}

/* a -= x·w over `count` features, for `rows` rows that lie `width` apart and the first vectors of a block of units. */
static TARGET INLINE void SUFFIX(subtract)(const REAL *x, Py_ssize_t width, const REAL *w, Py_ssize_t count,
                                           const int rows, const int vectors, V a[ROWS][VECTORS])
{
    for (Py_ssize_t f = 0; f < count; f++, w += BLOCK) {
        V unit[VECTORS];
        UNROLL
        for (int v = 0; v < vectors; v++)
            unit[v] = LOAD(w + v * LANES);
        UNROLL
        for (int s = 0; s < rows; s++) {
            V value = SPREAD(x[s * width + f]);
            UNROLL
            for (int v = 0; v < vectors; v++)
                a[s][v] = FNMA(value, unit[v], a[s][v]);
        }
    }
}

/* Few features: every score is one running sum, and only the least of the block's vectors is noted. */
static TARGET void SUFFIX(sweep_coarse)(const Search *p, const REAL *x, SUFFIX(State) *states, Py_ssize_t groups,
                                        Py_ssize_t first, Py_ssize_t last, V (*scores)[ROWS][VECTORS])
{
    (void)scores;
    for (Py_ssize_t g = 0; g < groups; g++, x += ROWS * p->width) {
        SUFFIX(State) *state = states + g * ROWS;
        for (Py_ssize_t b = first; b < last; b++) {
            V a[ROWS][VECTORS];
            UNROLL
            for (int v = 0; v < VECTORS; v++) {
                V start = LOAD((const REAL *)p->half + b * BLOCK + v * LANES);
                UNROLL
                for (int s = 0; s < ROWS; s++)
                    a[s][v] = start;
            }
            SUFFIX(subtract)(x, p->width, (const REAL *)p->packed + b * p->width * BLOCK, p->width, ROWS, VECTORS, a);
            FORGET_REGISTERS;
            UNROLL
            for (int s = 0; s < ROWS; s++) {
                V low = a[s][0];
                UNROLL
                for (int v = 1; v < VECTORS; v++)
                    low = LESSER(low, a[s][v]);
                SUFFIX(note)(low, (REAL)b, state[s].best, state[s].second, state[s].where);
            }
        }
    }
}

/* start - x·w for many features, all rows of a panel and the first vectors of one block of units: DEPTH features at a
 * time, so that a piece of the block stays in the first-level cache for all rows; each piece is summed apart, which bounds
 * the rounding. */
static TARGET INLINE void SUFFIX(multiply)(const REAL *x, const REAL *w, const REAL *start, Py_ssize_t d,
                                           Py_ssize_t groups, const int vectors, V (*scores)[ROWS][VECTORS])
{
    for (Py_ssize_t from = 0; from < d; from += DEPTH) {
        Py_ssize_t count = d - from < DEPTH ? d - from : DEPTH;
        for (Py_ssize_t g = 0; g < groups; g++) {
            V part[ROWS][VECTORS];
            UNROLL
            for (int s = 0; s < ROWS; s++)
                UNROLL
                for (int v = 0; v < vectors; v++)
                    part[s][v] = SPREAD((REAL)0);
            SUFFIX(subtract)(x + g * ROWS * d + from, d, w + from * BLOCK, count, ROWS, vectors, part);
            FORGET_REGISTERS;
            UNROLL
            for (int s = 0; s < ROWS; s++)
                UNROLL
                for (int v = 0; v < vectors; v++)
                    scores[g][s][v] = (from ? scores[g][s][v] : LOAD(start + v * LANES)) + part[s][v];
        }
    }
}

/* Note the scores of one group of rows and one block of units, vector by vector. */
static TARGET INLINE void SUFFIX(note_each)(V a[ROWS][VECTORS], Py_ssize_t block, SUFFIX(State) *state)
{
    for (int s = 0; s < ROWS; s++)
        UNROLL
        for (int v = 0; v < VECTORS; v++)
            SUFFIX(note)(a[s][v], (REAL)block, state[s].best + v, state[s].second + v, state[s].where + v);
}

static TARGET void SUFFIX(sweep_fine)(const Search *p, const REAL *x, SUFFIX(State) *states, Py_ssize_t groups,
                                      Py_ssize_t first, Py_ssize_t last, V (*scores)[ROWS][VECTORS])
{
    const Py_ssize_t step = p->width > DEPTH ? groups : 1; /* what is summed in one piece stays near */
    for (Py_ssize_t b = first; b < last; b++)
        for (Py_ssize_t g = 0; g < groups; g += step) {
            SUFFIX(multiply)(x + g * ROWS * p->width, (const REAL *)p->packed + b * p->width * BLOCK,
                             (const REAL *)p->half + b * BLOCK, p->width, step, VECTORS, scores);
            for (Py_ssize_t i = 0; i < step; i++)
                SUFFIX(note_each)(scores[i], b, states + (g + i) * ROWS);
        }
}

/* The sum of squares of some numbers, in double precision. */
static TARGET INLINE double SUFFIX(square)(const REAL *x, Py_ssize_t count)
{
    double part[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    Py_ssize_t f = 0;
    for (; f + 8 <= count; f += 8)
        for (int l = 0; l < 8; l++)
            part[l] += (double)x[f + l] * (double)x[f + l];
    for (int l = 0; f < count; f++, l++)
        part[l] += (double)x[f] * (double)x[f];
    return SUFFIX(added)(part);
}

/* Rows in the coordinates of the basis, and as last coordinate how far they may lie from its span. */
static TARGET void SUFFIX(project)(const Search *p, const REAL *raw, const double *norms, Py_ssize_t groups, REAL *x,
                                   V (*scores)[ROWS][VECTORS])
{
    static const REAL nothing[BLOCK] = {0};
    Py_ssize_t q = p->width - 1;
    for (Py_ssize_t from = 0; from < q; from += BLOCK) {
        const int half = q - from <= BLOCK / 2 && VECTORS % 2 == 0, vectors = half ? VECTORS / 2 : VECTORS;
        const REAL *basis = (const REAL *)p->basis + from * p->d;
        if (half)
            SUFFIX(multiply)(raw, basis, nothing, p->d, groups, VECTORS / 2, scores);
        else
            SUFFIX(multiply)(raw, basis, nothing, p->d, groups, VECTORS, scores);
        for (Py_ssize_t g = 0; g < groups; g++)
            for (int s = 0; s < ROWS; s++) {
                REAL row[BLOCK];
                for (int v = 0; v < vectors; v++)
                    STORE(row + v * LANES, scores[g][s][v]);
                for (int f = 0; f < BLOCK && from + f < q; f++)
                    x[(g * ROWS + s) * p->width + from + f] = -row[f];
            }
    }
    for (Py_ssize_t i = 0; i < groups * ROWS; i++) {
        REAL *row = x + i * p->width;
        double rest = norms[i] * (1 + p->excess) - SUFFIX(square)(row, q);
        row[q] = ROUND_UP(rest > 0 ? sqrt(rest) : 0);
    }
}

/* Copy rows, shifted and scaled; their squared norms go to `norms`. A last group that is not full repeats the last row. */
static TARGET void SUFFIX(arrange)(const Search *p, const REAL *X, Py_ssize_t count, REAL *x, double *norms)
{
    Py_ssize_t d = p->d;
    for (Py_ssize_t i = 0; i < (count + ROWS - 1) / ROWS * ROWS; i++, x += d) {
        const REAL *row = X + (i < count ? i : count - 1) * d;
        for (Py_ssize_t f = 0; f < d; f++)
            x[f] = (REAL)(((double)row[f] - p->centre[f]) * p->scale);
        norms[i] = SUFFIX(square)(x, d);
    }
}

/* The scores of one row and one block of units, once more. */
static TARGET INLINE void SUFFIX(score)(const Search *p, const REAL *x, Py_ssize_t block, V *sum)
{
    const REAL *w = (const REAL *)p->packed + block * p->width * BLOCK, *half = (const REAL *)p->half + block * BLOCK;
    UNROLL
    for (int v = 0; v < VECTORS; v++)
        sum[v] = LOAD(half + v * LANES);
    for (Py_ssize_t from = 0; from < p->width; from += DEPTH) {
        V part[ROWS][VECTORS];
        UNROLL
        for (int v = 0; v < VECTORS; v++)
            part[0][v] = SPREAD((REAL)0);
        Py_ssize_t features = p->width - from < DEPTH ? p->width - from : DEPTH;
        SUFFIX(subtract)(x + from, 0, w + from * BLOCK, features, 1, VECTORS, part);
        UNROLL
        for (int v = 0; v < VECTORS; v++)
            sum[v] = sum[v] + part[0][v];
    }
}

/* Every unit of the map whose score is at most `limit`. */
static TARGET Py_ssize_t SUFFIX(rescan)(const Search *p, const REAL *x, REAL limit, Py_ssize_t *units, double *lower)
{
    Py_ssize_t count = 0;
    for (Py_ssize_t b = 0; b < p->blocks; b++) {
        V sum[VECTORS];
        SUFFIX(score)(p, x, b, sum);
        for (int v = 0; v < VECTORS; v++)
            if (MASK_LE(sum[v], SPREAD(limit))) {
                REAL score[LANES];
                STORE(score, sum[v]);
                for (int l = 0; l < LANES; l++)
                    if (score[l] <= limit && p->unit_of[b * BLOCK + v * LANES + l] >= 0) {
                        lower[count] = score[l];
                        units[count++] = (Py_ssize_t)p->unit_of[b * BLOCK + v * LANES + l];
                    }
            }
    }
    return count;
}

/* The score that a unit seen as the lowest of its track has at most. */
static TARGET INLINE REAL SUFFIX(at_most)(const Search *p, REAL score, REAL block, int track, double slack)
{
    if (!p->slacks || !(score < (REAL)HUGE_SCORE))
        return score;
    return ROUND_UP(score + 2 * slack * p->slacks[(Py_ssize_t)block * BLOCK + track]);
}

/* The least that a unit whose score is within a bound has at most. */
static TARGET INLINE REAL SUFFIX(least_at_most)(const Search *p, const SUFFIX(State) *state, int vectors,
                                                const REAL *best, const REAL *where, REAL bound, double slack)
{
    REAL least = (REAL)INFINITY;
    for (int v = 0; v < vectors; v++)
        for (unsigned within = MASK_LE(state->best[v], SPREAD(bound)); within; within &= within - 1) {
            int l = v * LANES + LOWEST_BIT(within);
            REAL most = SUFFIX(at_most)(p, best[l], where[l], l, slack);
            least = most < least ? most : least;
        }
    return least;
}

/* The squared distance of two rows, summed directly in their own type, in any order. */
static TARGET INLINE double SUFFIX(rough)(const REAL *x, const REAL *w, Py_ssize_t d)
{
    V sum[VECTORS];
    Py_ssize_t f = 0;
    for (int v = 0; v < VECTORS; v++)
        sum[v] = SPREAD((REAL)0);
    for (; f + BLOCK <= d; f += BLOCK)
        UNROLL
        for (int v = 0; v < VECTORS; v++) {
            V gap = LOAD(x + f + v * LANES) - LOAD(w + f + v * LANES);
            sum[v] = FMA(gap, gap, sum[v]);
        }
    for (; f + LANES <= d; f += LANES) {
        V gap = LOAD(x + f) - LOAD(w + f);
        sum[0] = FMA(gap, gap, sum[0]);
    }
    if (f < d && d >= LANES) { /* the last vector, without what was counted before */
        V gap = (LOAD(x + d - LANES) - LOAD(w + d - LANES)) * LOAD(LAST_ONES + d - f);
        sum[VECTORS - 1] = FMA(gap, gap, sum[VECTORS - 1]);
        f = d;
    }
    for (int v = 1; v < VECTORS; v++)
        sum[0] = sum[0] + sum[v];
    REAL total = TOTAL(sum[0]);
    for (; f < d; f++)
        total += (x[f] - w[f]) * (x[f] - w[f]);
    return total;
}

/* The score that the nearest unit has at most, if one is roughly as far away as `apart`, squared: ½ (D² - |x|²), up to
 * `doubt`. */
static INLINE double SUFFIX(left_open)(const Search *p, double apart, double square, double doubt)
{
    if (!(apart < REAL_HALF_MAX))
        return INFINITY;
    return 0.5 * ((apart * (1 + p->relative) + p->absolute) * p->scale * p->scale - square) + doubt;
}

/* The same of the k nearest, once the units seen as the lowest of the k lowest tracks are measured roughly. */
static TARGET REAL SUFFIX(left_open_by)(const Search *p, const REAL *row, const REAL *best, const REAL *where,
                                        int tracks, int k, double square, double doubt)
{
    const REAL highest = SUFFIX(kth)(best, tracks, k);
    double furthest = 0;
    for (int l = 0, seen = 0; l < tracks && seen < k; l++)
        if (best[l] <= highest) {
            int64_t unit = p->unit_of[(Py_ssize_t)where[l] * BLOCK + l];
            double apart = unit < 0 ? INFINITY : SUFFIX(rough)(row, (const REAL *)p->units + unit * p->d, p->d);
            furthest = apart > furthest ? apart : furthest;
            seen++;
        }
    return ROUND_UP(SUFFIX(left_open)(p, furthest, square, doubt));
}

/* The candidates of one row: every unit whose score may belong to one of the k nearest. */
static TARGET Py_ssize_t SUFFIX(candidates)(const Search *p, const REAL *row, const REAL *x, const SUFFIX(State) *state,
                                            int k, int fine, double square, double tolerance, double doubt,
                                            double slack, Py_ssize_t *units, double *lower)
{
    REAL best[BLOCK], where[BLOCK], upper[BLOCK], limit;
    const int vectors = fine ? VECTORS : 1, tracks = vectors * LANES;
    V lowest = state->best[0], second = state->second[0];
    for (int v = 0; v < vectors; v++) {
        STORE(best + v * LANES, state->best[v]);
        STORE(where + v * LANES, state->where[v]);
        lowest = LESSER(lowest, state->best[v]);
        second = LESSER(second, state->second[v]);
    }
    if (k > 1) { /* with fewer tracks than k, the least seen second minimum bounds the second smallest score as well */
        for (int l = 0; l < tracks; l++)
            upper[l] = SUFFIX(at_most)(p, best[l], where[l], l, slack);
        limit = tracks >= k ? SUFFIX(kth)(upper, tracks, k) : LOWEST(second);
    } else {
        limit = LOWEST(lowest);
        if (p->slacks) { /* the lowest one first, then those that it leaves a chance */
            limit = SUFFIX(least_at_most)(p, state, vectors, best, where, limit, slack);
            limit = SUFFIX(least_at_most)(p, state, vectors, best, where, limit, slack);
        }
    }
    limit = ROUND_UP((double)limit + tolerance);
    if (p->slacks && LOWEST(second) <= limit) { /* distances say more than scores: those of the k lowest */
        REAL open = SUFFIX(left_open_by)(p, row, best, where, tracks, k, square, doubt);
        limit = open < limit ? open : limit;
    }
    if (LOWEST(second) <= limit)
        return SUFFIX(rescan)(p, x, limit, units, lower);
    Py_ssize_t count = 0;
    for (int v = 0; v < vectors; v++)
        for (unsigned within = MASK_LE(state->best[v], SPREAD(limit)); within; within &= within - 1) {
            int l = v * LANES + LOWEST_BIT(within);
            V score[VECTORS];
            if (!fine)
                SUFFIX(score)(p, x, (Py_ssize_t)where[l], score);
            for (int i = 0; i < (fine ? 1 : VECTORS); i++) {
                int64_t unit = p->unit_of[(Py_ssize_t)where[l] * BLOCK + i * LANES + l];
                lower[count] = best[l];
                if (unit >= 0 && (fine || MASK_LE(score[i], SPREAD(limit)) >> l & 1))
                    units[count++] = (Py_ssize_t)unit;
            }
        }
    return count;
}

/* Measure the proposals, whose lower bounds stand in `measured`. First roughly, dropping those whose bound exceeds what
 * the k nearest so far leave open (a score is ½ (D² - |x|²) up to `doubt`), then those within the margin exactly. */
static TARGET Py_ssize_t SUFFIX(measure)(const Search *p, const REAL *x, Py_ssize_t found, int k, double square,
                                         double doubt, Py_ssize_t *proposed, double *measured)
{
    const REAL *W = p->units;
    double nearest[2] = {INFINITY, INFINITY}, open = INFINITY, limit = INFINITY, lower = measured[0];
    Py_ssize_t kept = 0, left = 0, first = 0, unit = proposed[0];
    for (Py_ssize_t c = 1; c < found; c++)
        first = measured[c] < measured[first] ? c : first;
    proposed[0] = proposed[first]; /* the most promising one first */
    measured[0] = measured[first];
    proposed[first] = unit;
    measured[first] = lower;
    for (Py_ssize_t c = 0; c < found; c++) {
        if (measured[c] > limit)
            continue;
        double apart = SUFFIX(rough)(x, W + proposed[c] * p->d, p->d);
        proposed[kept] = proposed[c];
        measured[kept++] = apart;
        nearest[1] = apart < nearest[0] ? nearest[0] : apart < nearest[1] ? apart : nearest[1];
        nearest[0] = apart < nearest[0] ? apart : nearest[0];
        if (nearest[k - 1] < REAL_HALF_MAX)
            open = nearest[k - 1] * (1 + p->relative) + p->absolute;
        limit = SUFFIX(left_open)(p, nearest[k - 1], square, doubt);
    }
    for (Py_ssize_t c = 0; c < kept; c++)
        if (!(measured[c] > open)) {
            proposed[left] = proposed[c];
            measured[left++] = SUFFIX(distance)(x, W + proposed[c] * p->d, 1, p->d);
        }
    return left;
}

/* The memory of one call: a panel of rows, what the sweeps note about each, and the proposals of one row. */
typedef struct {
    REAL *raw, *x; /* the panel centred and scaled, and as it is multiplied: the same, or in the basis */
    SUFFIX(State) *states;
    V (*scores)[ROWS][VECTORS];
    double *norms, *measured;
    Py_ssize_t *proposed;
} SUFFIX(Panel);

static int SUFFIX(acquire)(const Search *p, Py_ssize_t rows, SUFFIX(Panel) *panel)
{
    panel->raw = reserve(rows * p->d * sizeof(REAL));
    panel->x = p->basis ? reserve(rows * p->width * sizeof(REAL)) : panel->raw;
    panel->states = reserve(rows * sizeof(SUFFIX(State)));
    panel->scores = reserve(rows / ROWS * sizeof(*panel->scores));
    panel->norms = reserve(rows * sizeof(double));
    panel->measured = reserve((p->m + BLOCK) * sizeof(double));
    panel->proposed = reserve((p->m + BLOCK) * sizeof(Py_ssize_t));
    return panel->raw && panel->x && panel->states && panel->scores && panel->norms && panel->measured &&
           panel->proposed;
}

static void SUFFIX(give_back)(SUFFIX(Panel) *panel)
{
    if (panel->x != panel->raw)
        release(panel->x);
    release(panel->raw);
    release(panel->states);
    release(panel->scores);
    release(panel->norms);
    release(panel->measured);
    release(panel->proposed);
}

/* Score a panel of rows against every unit, a few blocks of units at a time. */
static TARGET void SUFFIX(sweep)(const Search *p, const REAL *X, Py_ssize_t count, int fine, SUFFIX(Panel) *panel)
{
    Py_ssize_t groups = (count + ROWS - 1) / ROWS;
    Py_ssize_t step = (fine ? PANEL_BYTES : HOT_BYTES) / ((Py_ssize_t)sizeof(REAL) * p->width * BLOCK);
    step = step < 1 ? 1 : step;
    SUFFIX(arrange)(p, X, count, panel->raw, panel->norms);
    if (p->basis)
        SUFFIX(project)(p, panel->raw, panel->norms, groups, panel->x, panel->scores);
    for (Py_ssize_t i = 0; i < groups * ROWS; i++)
        for (int v = 0; v < VECTORS; v++) {
            panel->states[i].best[v] = panel->states[i].second[v] = SPREAD((REAL)HUGE_SCORE);
            panel->states[i].where[v] = SPREAD((REAL)0);
        }
    for (Py_ssize_t b = 0; b < p->blocks; b += step) {
        Py_ssize_t last = b + step < p->blocks ? b + step : p->blocks;
        (fine ? SUFFIX(sweep_fine) : SUFFIX(sweep_coarse))(p, panel->x, panel->states, groups, b, last, panel->scores);
    }
}

/* The k nearest units of row i of a swept panel; how many units the scores left to be measured. */
static TARGET Py_ssize_t SUFFIX(conclude)(const Search *p, const REAL *row, Py_ssize_t i, int k, int fine,
                                          SUFFIX(Panel) *panel, int64_t *units, double *distances)
{
    const REAL *x = panel->x + i * p->width, *W = p->units;
    Py_ssize_t *proposed = panel->proposed, d = p->d, found, left;
    double *measured = panel->measured, square = panel->norms[i];
    double norm = sqrt(square) * (1 + 1e-6), reach = norm + p->widest;
    double tolerance = p->slope * norm + p->base + p->tie * reach * reach;
    double doubt = tolerance + EPSILON * square + p->tie * reach * reach;
    int trusted = square <= HUGE_NORM && tolerance <= HUGE_NORM && !p->fragile;
    if (trusted)
        found = SUFFIX(candidates)(p, row, x, panel->states + i, k, fine, square, tolerance, doubt,
                                   p->basis ? (double)x[p->width - 1] : 0, proposed, measured);
    else /* nothing can be said from rounded scores: look at every unit */
        for (found = 0; found < p->m; found++)
            proposed[found] = found;
    left = found;
    if (trusted && p->basis)
        left = SUFFIX(measure)(p, row, found, k, square, doubt, proposed, measured);
    else
        for (Py_ssize_t c = 0; c < found; c++)
            measured[c] = SUFFIX(distance)(row, W + proposed[c] * d, 1, d);
    decide(left, proposed, measured, k, d, units, distances);
    return found;
}

static TARGET Py_ssize_t SUFFIX(search)(const Search *p, const void *rows, Py_ssize_t n, int k, int64_t *units,
                                        double *distances)
{
    const REAL *X = rows;
    const int fine = p->width >= FINE_FROM || p->basis;
    Py_ssize_t size = PANEL_BYTES / ((Py_ssize_t)sizeof(REAL) * p->d) / ROWS * ROWS, total = 0;
    size = size < 8 * ROWS ? 8 * ROWS : size > 64 * ROWS ? 64 * ROWS : size;
    SUFFIX(Panel) panel;
    int acquired = SUFFIX(acquire)(p, size, &panel);
    for (Py_ssize_t from = 0; from < n && acquired; from += size) {
        Py_ssize_t count = n - from < size ? n - from : size;
        SUFFIX(sweep)(p, X + from * p->d, count, fine, &panel);
        for (Py_ssize_t i = 0; i < count; i++)
            total += SUFFIX(conclude)(p, X + (from + i) * p->d, i, k, fine, &panel, units + (from + i) * k,
                                      distances + (from + i) * k);
    }
    SUFFIX(give_back)(&panel);
    return acquired ? total : -1;
}
