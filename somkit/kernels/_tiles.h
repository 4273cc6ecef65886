/* Searching by tiles: units near each other in TILE lanes, LANES tiles near each other in a group, each with its box
 * along axes of the codebook. How far a box may be away whose units still count is proven in margins.py.
 * Rows are taken in the order of the tiles where their search begins, two at a time where these agree. */

/* Where two rows are along the axes of the boxes, and at least from the span of these, and their squares. */
static TARGET INLINE void SUFFIX(locate)(const Tiles *p, const REAL *const *x, REAL *const *place, double *square)
{
    const REAL *centre = p->centre;
    V whole[2] = {SPREAD((REAL)0), SPREAD((REAL)0)}, along[2] = {whole[0], whole[0]};
    REAL each[LANES];
    for (Py_ssize_t c = 0; c < p->columns; c += 2 * LANES) {
        const REAL *axes = (const REAL *)p->axes + c;
        V sum[2][2] = {{SPREAD((REAL)0), SPREAD((REAL)0)}, {SPREAD((REAL)0), SPREAD((REAL)0)}};
        for (Py_ssize_t f = 0; f < p->d; f++, axes += p->columns) {
            V first = LOAD(axes), second = LOAD(axes + LANES);
            UNROLL
            for (int s = 0; s < 2; s++) {
                V gap = SPREAD(x[s][f] - centre[f]);
                sum[s][0] = FMA(gap, first, sum[s][0]);
                sum[s][1] = FMA(gap, second, sum[s][1]);
                if (c == 0)
                    whole[s] = FMA(gap, gap, whole[s]);
            }
        }
        UNROLL
        for (int s = 0; s < 2; s++) {
            STORE(place[s] + c, sum[s][0]);
            STORE(place[s] + c + LANES, sum[s][1]);
            along[s] = FMA(sum[s][0], sum[s][0], along[s]);
            along[s] = FMA(sum[s][1], sum[s][1], along[s]);
        }
    }
    for (int s = 0; s < 2; s++) {
        double within = 0;
        STORE(each, whole[s]);
        square[s] = each[0];
        if (!(square[s] < REAL_HALF_MAX)) { /* overflow: nothing is known of where the row is */
            memset(place[s], 0, (size_t)p->columns * sizeof(REAL));
            square[s] = INFINITY;
            within = INFINITY;
        }
        STORE(each, along[s]);
        for (int l = 0; l < LANES; l++)
            within += each[l];
        double rest = square[s] * p->keep - within * p->take;
        if (p->sides > p->q)
            place[s][p->q] = rest > 0 ? (REAL)sqrt(rest) : 0;
    }
}

/* Squared distances of a place from LANES boxes, whose lower and upper edges alternate side by side. */
static TARGET INLINE V SUFFIX(boxes)(const REAL *x, const REAL *edges, Py_ssize_t sides)
{
    V sum[2] = {SPREAD((REAL)0), SPREAD((REAL)0)}; /* one would be waited for */
    for (Py_ssize_t f = 0; f < sides; f += 2)
        for (int s = 0; s < 2 && f + s < sides; s++, edges += 2 * LANES) {
            V value = SPREAD(x[f + s]), gap = value - LESSER(GREATER(value, LOAD(edges)), LOAD(edges + LANES));
            sum[s] = FMA(gap, gap, sum[s]);
        }
    return sum[0] + sum[1];
}

typedef struct {
    double nearest[2], blur;
    REAL limit, reach; /* of units, and of boxes */
    Py_ssize_t found;
} SUFFIX(Progress);

/* Squared distances of some rows from the units of one tile. */
static TARGET INLINE void SUFFIX(apart)(const Tiles *p, const REAL *const *x, const int rows, Py_ssize_t tile, V (*a)[4])
{
    const REAL *w = (const REAL *)p->packed + tile * p->d * TILE, *start = (const REAL *)p->start + tile * TILE;
    UNROLL
    for (int s = 0; s < rows; s++)
        UNROLL
        for (int v = 0; v < 4; v++)
            a[s][v] = LOAD(start + v * LANES);
    for (Py_ssize_t f = 0; f < p->d; f++, w += TILE) {
        UNROLL
        for (int s = 0; s < rows; s++) {
            V value = SPREAD(x[s][f]);
            UNROLL
            for (int v = 0; v < 4; v++) {
                V gap = value - LOAD(w + v * LANES);
                a[s][v] = FMA(gap, gap, a[s][v]);
            }
        }
    }
}

/* Set the limits that follow from the k nearest so far. */
static TARGET INLINE void SUFFIX(narrow)(const Tiles *p, int k, SUFFIX(Progress) *so_far)
{
    double limit = so_far->nearest[k - 1] * (1 + p->relative) + p->absolute;
    so_far->limit = ROUND_UP(limit);
    so_far->reach = ROUND_UP(limit * p->widening + so_far->blur);
}

/* Take the units of a tile into account in what the k nearest can be. */
static TARGET INLINE void SUFFIX(tighten)(const Tiles *p, const V *a, int k, SUFFIX(Progress) *so_far)
{
    double *nearest = so_far->nearest;
    if (k == 2) {
        REAL values[TILE];
        UNROLL
        for (int v = 0; v < 4; v++)
            STORE(values + v * LANES, a[v]);
        for (int l = 0; l < TILE; l++) {
            double value = values[l];
            nearest[1] = value < nearest[0] ? nearest[0] : value < nearest[1] ? value : nearest[1];
            nearest[0] = value < nearest[0] ? value : nearest[0];
        }
    } else {
        double lowest = LOWEST(LESSER(LESSER(a[0], a[1]), LESSER(a[2], a[3])));
        nearest[0] = lowest < nearest[0] ? lowest : nearest[0];
    }
    SUFFIX(narrow)(p, k, so_far);
}

/* Propose the units of a tile that are within the limit. */
static TARGET INLINE void SUFFIX(propose)(const Tiles *p, const V *a, Py_ssize_t tile, SUFFIX(Progress) *so_far,
                                          Py_ssize_t *proposed, double *measured)
{
    const int64_t *unit_of = p->unit_of + tile * TILE;
    UNROLL
    for (int v = 0; v < 4; v++) {
        unsigned within = MASK_LE(a[v], SPREAD(so_far->limit));
        if (!within)
            continue;
        REAL values[LANES];
        STORE(values, a[v]);
        for (; within; within &= within - 1) {
            int l = LOWEST_BIT(within);
            if (unit_of[v * LANES + l] >= 0) {
                proposed[so_far->found] = (Py_ssize_t)unit_of[v * LANES + l];
                measured[so_far->found++] = values[l];
            }
        }
    }
}

/* Measure a unit, and propose it if it is within the limit. */
static TARGET INLINE void SUFFIX(consider)(const Tiles *p, const REAL *x, int k, Py_ssize_t unit,
                                           SUFFIX(Progress) *so_far, Py_ssize_t *proposed, double *measured)
{
    if (unit < 0)
        return;
    double *nearest = so_far->nearest, square = SUFFIX(rough)(x, (const REAL *)p->units + unit * p->d, p->d);
    if (!(square <= so_far->limit))
        return;
    proposed[so_far->found] = unit;
    measured[so_far->found++] = square;
    nearest[1] = square < nearest[0] ? nearest[0] : square < nearest[1] ? square : nearest[1];
    nearest[0] = square < nearest[0] ? square : nearest[0];
    SUFFIX(narrow)(p, k, so_far);
}

/* Measure and propose the units of a tile whose coordinates are within reach. */
static TARGET INLINE void SUFFIX(sift)(const Tiles *p, const REAL *x, const REAL *place, int k, Py_ssize_t tile,
                                       SUFFIX(Progress) *so_far, Py_ssize_t *proposed, double *measured)
{
    const REAL *t = (const REAL *)p->coordinates + tile * p->sides * TILE;
    const int64_t *unit_of = p->unit_of + tile * TILE;
    const V none = SPREAD((REAL)0);
    V a[4] = {none, none, none, none};
    for (Py_ssize_t f = 0; f < p->q; f++, t += TILE)
        UNROLL
        for (int v = 0; v < 4; v++) {
            V gap = SPREAD(place[f]) - LOAD(t + v * LANES);
            a[v] = FMA(gap, gap, a[v]);
        }
    UNROLL
    for (int v = 0; v < 4; v++) {
        V gap = GREATER(SPREAD(place[p->q]) - LOAD(t + v * LANES), none);
        a[v] = FMA(gap, gap, a[v]);
    }
    /* the most promising one first: after it, most others are out of reach */
    V least = LESSER(LESSER(a[0], a[1]), LESSER(a[2], a[3]));
    if (!MASK_LE(least, SPREAD(so_far->reach)))
        return;
    const V lowest = SPREAD(LOWEST(least));
    Py_ssize_t first = 0;
    for (int v = 3; v >= 0; v--) {
        unsigned lanes = MASK_LE(a[v], lowest);
        first = lanes ? v * LANES + LOWEST_BIT(lanes) : first;
    }
    SUFFIX(consider)(p, x, k, (Py_ssize_t)unit_of[first], so_far, proposed, measured);
    for (int v = 0; v < 4; v++) {
        for (unsigned within = MASK_LE(a[v], SPREAD(so_far->reach)); within; within &= within - 1) {
            Py_ssize_t lane = v * LANES + LOWEST_BIT(within);
            if (lane != first)
                SUFFIX(consider)(p, x, k, (Py_ssize_t)unit_of[lane], so_far, proposed, measured);
        }
    }
}

/* The memory of one call: places and an order of the rows; and of one row, bounds of groups, what they leave to visit,
 * proposals. */
typedef struct {
    Py_ssize_t *first, *order, *begin, *proposed;
    double *squares, *measured;
    REAL *places, *outer, *bounds;
    int32_t *groups, *visits;
    uint8_t *bits; /* which of 8 bits are set in each byte, and how many of them */
} SUFFIX(Notes);

static int SUFFIX(open_notes)(const Tiles *p, Py_ssize_t n, SUFFIX(Notes) *notes)
{
    Py_ssize_t tiles = p->groups * LANES;
    notes->first = reserve(n * sizeof(Py_ssize_t));
    notes->order = reserve(n * sizeof(Py_ssize_t));
    notes->begin = reserve((tiles + 1) * sizeof(Py_ssize_t));
    notes->squares = reserve((n + 1) * sizeof(double));
    notes->places = reserve((n + 1) * (p->columns + LANES) * sizeof(REAL));
    notes->proposed = reserve(tiles * TILE * sizeof(Py_ssize_t));
    notes->measured = reserve(tiles * TILE * sizeof(double));
    notes->outer = reserve((p->groups + LANES) * sizeof(REAL));
    notes->bounds = reserve((tiles + 1) * sizeof(REAL));
    notes->groups = reserve((p->groups + LANES + 8) * sizeof(int32_t));
    notes->visits = reserve((tiles + 8) * sizeof(int32_t));
    notes->bits = reserve(256 * 9);
    for (int byte = 0; notes->bits && byte < 256; byte++) {
        uint8_t *bits = notes->bits + byte * 8, *count = notes->bits + 256 * 8 + byte;
        memset(bits, 0, 8);
        *count = 0;
        for (int l = 0; l < 8; l++)
            if (byte >> l & 1)
                bits[(*count)++] = (uint8_t)l;
    }
    return notes->first && notes->order && notes->begin && notes->squares && notes->places && notes->proposed &&
           notes->measured && notes->outer && notes->bounds && notes->groups && notes->visits && notes->bits;
}

static void SUFFIX(close_notes)(SUFFIX(Notes) *notes)
{
    release(notes->first);
    release(notes->order);
    release(notes->begin);
    release(notes->squares);
    release(notes->places);
    release(notes->proposed);
    release(notes->measured);
    release(notes->outer);
    release(notes->bounds);
    release(notes->groups);
    release(notes->visits);
    release(notes->bits);
}

/* Where to look first if no seed is given: the tile of the nearest box in the group of the nearest box. */
static TARGET Py_ssize_t SUFFIX(promising)(const Tiles *p, const REAL *place, REAL *outer)
{
    REAL bound[LANES];
    Py_ssize_t group = 0, tile = 0, sides = p->sides;
    for (Py_ssize_t o = 0; o < p->groups; o += LANES)
        STORE(outer + o, SUFFIX(boxes)(place, (const REAL *)p->outer_edges + o * 2 * sides, sides));
    for (Py_ssize_t g = 1; g < p->groups; g++)
        group = outer[g] < outer[group] ? g : group;
    STORE(bound, SUFFIX(boxes)(place, (const REAL *)p->edges + group * 2 * LANES * sides, sides));
    for (int l = 1; l < LANES; l++)
        tile = bound[l] < bound[tile] ? l : tile;
    return group * LANES + tile;
}

/* Locate rows, and sort them by the tile to look at first: what one row touches, the next one finds in the caches. */
static TARGET void SUFFIX(arrange_rows)(const Tiles *p, const REAL *X, Py_ssize_t n, const int64_t *seeds,
                                        SUFFIX(Notes) *notes)
{
    Py_ssize_t tiles = p->groups * LANES, length = p->columns + LANES;
    for (Py_ssize_t i = 0; i < n; i += 2) {
        const REAL *x[2] = {X + i * p->d, X + (i + 1 < n ? i + 1 : i) * p->d};
        REAL *place[2] = {notes->places + i * length, notes->places + (i + 1) * length};
        SUFFIX(locate)(p, x, place, notes->squares + i);
    }
    memset(notes->begin, 0, (size_t)(tiles + 1) * sizeof(Py_ssize_t));
    for (Py_ssize_t i = 0; i < n; i++) {
        int known = seeds && seeds[i] >= 0 && seeds[i] < p->m;
        notes->first[i] = known ? (Py_ssize_t)p->tile_of[seeds[i]] : SUFFIX(promising)(p, notes->places + i * length, notes->outer);
        notes->begin[notes->first[i] + 1]++;
    }
    for (Py_ssize_t t = 0; t < tiles; t++)
        notes->begin[t + 1] += notes->begin[t];
    for (Py_ssize_t i = 0; i < n; i++)
        notes->order[notes->begin[notes->first[i]]++] = i;
}

/* Append the numbers of the set bits to a list; without branches, which would be guessed wrong. */
static TARGET INLINE Py_ssize_t SUFFIX(append)(const uint8_t *bits, unsigned set, Py_ssize_t from, int32_t *list,
                                               Py_ssize_t count)
{
    for (int part = 0; part < LANES; part += 8) {
        unsigned byte = set >> part & 255;
        uint8_t places[8]; /* a copy, which no list can overlap: so one vector is written */
        memcpy(places, bits + byte * 8, 8);
        for (int l = 0; l < 8; l++)
            list[count + l] = (int32_t)from + part + places[l];
        count += bits[256 * 8 + byte];
    }
    return count;
}

/* List the tiles, but the first, whose boxes are within reach: as places in the list of their groups, and of bounds. */
static TARGET Py_ssize_t SUFFIX(list)(const Tiles *p, const REAL *place, Py_ssize_t first, REAL reach,
                                      SUFFIX(Notes) *notes)
{
    Py_ssize_t groups = 0, count = 0, sides = p->sides;
    for (Py_ssize_t o = 0; o < p->groups; o += LANES) {
        V outer = SUFFIX(boxes)(place, (const REAL *)p->outer_edges + o * 2 * sides, sides);
        groups = SUFFIX(append)(notes->bits, MASK_LE(outer, SPREAD(reach)), o, notes->groups, groups);
    }
    while (groups && notes->groups[groups - 1] >= p->groups) /* within an infinite reach is even what is not there */
        groups--;
    for (Py_ssize_t i = 0; i < groups; i++) {
        Py_ssize_t g = notes->groups[i];
        V bound = SUFFIX(boxes)(place, (const REAL *)p->edges + g * 2 * LANES * sides, sides);
        unsigned near = MASK_LE(bound, SPREAD(reach)), own = g == first / LANES ? 1u << first % LANES : 0;
        STORE(notes->bounds + i * LANES, bound);
        count = SUFFIX(append)(notes->bits, near & ~own, i * LANES, notes->visits, count);
    }
    return count;
}

/* The k nearest units of one row, whose distances from its first tile are known; how many other tiles were visited. */
static TARGET Py_ssize_t SUFFIX(look_around)(const Tiles *p, const REAL *x, const REAL *place, int k, Py_ssize_t first,
                                             const V *known, SUFFIX(Progress) *so_far, SUFFIX(Notes) *notes)
{
    Py_ssize_t count = SUFFIX(list)(p, place, first, so_far->reach, notes), visited = 0, closest = 0;
    SUFFIX(propose)(p, known, first, so_far, notes->proposed, notes->measured);
    for (Py_ssize_t i = 1; count > MANY_VISITS && i < count; i++)
        closest = notes->bounds[notes->visits[i]] < notes->bounds[notes->visits[closest]] ? i : closest;
    if (closest) { /* begin where most can be won */
        int32_t listed = notes->visits[closest];
        notes->visits[closest] = notes->visits[0];
        notes->visits[0] = listed;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_ssize_t listed = notes->visits[i], tile = notes->groups[listed / LANES] * LANES + listed % LANES;
        if (!(notes->bounds[listed] <= so_far->reach))
            continue;
        V a[1][4];
        visited++;
        if (p->coordinates) {
            SUFFIX(sift)(p, x, place, k, tile, so_far, notes->proposed, notes->measured);
            continue;
        }
        SUFFIX(apart)(p, &x, 1, tile, a);
        if (!MASK_LE(LESSER(LESSER(a[0][0], a[0][1]), LESSER(a[0][2], a[0][3])), SPREAD(so_far->limit)))
            continue;
        SUFFIX(tighten)(p, a[0], k, so_far);
        SUFFIX(propose)(p, a[0], tile, so_far, notes->proposed, notes->measured);
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
    Py_ssize_t visited = 0;
    SUFFIX(Notes) notes;
    int opened = SUFFIX(open_notes)(p, n, &notes);
    if (opened)
        SUFFIX(arrange_rows)(p, rows, n, seeds, &notes);
    for (Py_ssize_t from = 0, count = 2; from < n && opened; from += count) {
        const REAL *x[2];
        V known[2][4];
        count = n - from < 2 || notes.first[notes.order[from]] != notes.first[notes.order[from + 1]] ? 1 : 2;
        for (Py_ssize_t s = 0; s < 2; s++)
            x[s] = (const REAL *)rows + notes.order[from + (s < count ? s : 0)] * p->d;
        SUFFIX(apart)(p, x, 2, notes.first[notes.order[from]], known);
        for (Py_ssize_t s = 0; s < count; s++) {
            Py_ssize_t i = notes.order[from + s];
            double blur = p->blur * notes.squares[i] + p->least;
            SUFFIX(Progress) so_far = {{INFINITY, INFINITY}, blur, (REAL)INFINITY, (REAL)INFINITY, 0};
            const REAL *place = notes.places + i * (p->columns + LANES);
            SUFFIX(tighten)(p, known[s], k, &so_far);
            visited += SUFFIX(look_around)(p, x[s], place, k, notes.first[i], known[s], &so_far, &notes);
            Py_ssize_t left = SUFFIX(remeasure)(p, x[s], &so_far, notes.proposed, notes.measured);
            decide(left, notes.proposed, notes.measured, k, p->d, units + i * k, distances + i * k);
        }
    }
    SUFFIX(close_notes)(&notes);
    return opened ? visited : -1;
}
