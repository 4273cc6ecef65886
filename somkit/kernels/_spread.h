/* Carrying values over a map whose distances are tabled, tile by tile: out[j] += felt[class of j as seen from b] *
 * values[b] for the units b of the tiles that are kept, in their order. In double precision only; rows of values and of
 * out are whole vectors. */

#define STRIP 5                       /* vectors of columns kept in registers, */
#define ABREAST (ROWS == 6 ? 8 : 4)   /* for so many units where there are at most 3 of them, else for half of these */
#define TOGETHER 64                   /* rows of values that stay in the first-level cache: of so many units or more */

static TARGET INLINE void SUFFIX(carry_strip)(const Spread *p, Py_ssize_t t, Py_ssize_t from, Py_ssize_t to,
                                              Py_ssize_t j, Py_ssize_t column, const int units, const int width,
                                              const int bytes)
{
    V sum[8][STRIP];
    double *out = p->out + (t * CARRIED + j) * p->columns + column;
    const uint8_t *classes = (const uint8_t *)p->classes + (t * p->tiles * CARRIED * CARRIED + j) * bytes;
    const uint8_t *kept = p->kept + t * p->tiles;
    UNROLL
    for (int u = 0; u < units; u++)
        UNROLL
        for (int v = 0; v < width; v++)
            sum[u][v] = LOAD(out + u * p->columns + v * LANES);
    for (Py_ssize_t s = from; s < to; s++)
        for (Py_ssize_t b = p->begin[s]; kept[s] && b < p->begin[s + 1]; b++) {
            const uint8_t *seen = classes + p->holders[b] * CARRIED * bytes;
            const double *values = p->values + p->holders[b] * p->columns + column;
            V value[STRIP];
            UNROLL
            for (int v = 0; v < width; v++)
                value[v] = LOAD(values + v * LANES);
            UNROLL
            for (int u = 0; u < units; u++) {
                V influence = SPREAD(p->felt[bytes == 1 ? seen[u] : ((const uint16_t *)seen)[u]]);
                UNROLL
                for (int v = 0; v < width; v++)
                    sum[u][v] = FMA(influence, value[v], sum[u][v]);
            }
        }
    UNROLL
    for (int u = 0; u < units; u++)
        UNROLL
        for (int v = 0; v < width; v++)
            STORE(out + u * p->columns + v * LANES, sum[u][v]);
}

/* What the units of one tile get from those of some others. */
static TARGET INLINE void SUFFIX(carry_tile)(const Spread *p, Py_ssize_t t, Py_ssize_t from, Py_ssize_t to,
                                             const int bytes)
{
    for (Py_ssize_t column = 0; column < p->columns; column += STRIP * LANES) {
        Py_ssize_t width = (p->columns - column) / LANES;
#define CASE(w, units) \
    case w: \
        for (Py_ssize_t j = 0; j < CARRIED; j += units) \
            SUFFIX(carry_strip)(p, t, from, to, j, column, units, w, bytes); \
        break
        switch (width < STRIP ? width : STRIP) {
            CASE(1, ABREAST);
            CASE(2, ABREAST);
            CASE(3, ABREAST);
            CASE(4, ABREAST / 2);
            CASE(5, ABREAST / 2);
        }
#undef CASE
    }
}

static TARGET void SUFFIX(carry)(const Spread *p)
{
    for (Py_ssize_t t = 0; t < p->targets; t++)
        for (Py_ssize_t from = 0, to = 0; from < p->tiles; from = to) {
            for (Py_ssize_t count = 0; to < p->tiles && count < TOGETHER; to++)
                count += p->kept[t * p->tiles + to] ? p->begin[to + 1] - p->begin[to] : 0;
            if (p->bytes == 1)
                SUFFIX(carry_tile)(p, t, from, to, 1);
            else
                SUFFIX(carry_tile)(p, t, from, to, 2);
        }
}

#undef STRIP
#undef ABREAST
#undef TOGETHER
