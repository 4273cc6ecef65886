/* Carrying values over a map whose distances are tabled: out[j] += felt[class of j as seen from b] * values[b] for some
 * units b, in their order. In double precision only; rows of values and of out are whole vectors. */

#define STRIP 5     /* vectors of columns kept in registers, for two units */
#define HOLDERS 64  /* rows of values that stay in the first-level cache */

static TARGET INLINE void SUFFIX(carry_strip)(const Spread *p, Py_ssize_t from, Py_ssize_t count, Py_ssize_t j,
                                              const int units, const int width, Py_ssize_t column)
{
    V sum[2][STRIP];
    double *out = p->out + j * p->columns + column;
    const Py_ssize_t last = p->q - 1;
    UNROLL
    for (int s = 0; s < units; s++)
        UNROLL
        for (int v = 0; v < width; v++)
            sum[s][v] = LOAD(out + s * p->columns + v * LANES);
    for (Py_ssize_t b = from; b < from + count; b++) {
        const uint16_t *seen = p->classes + p->holders[b] * p->m + j;
        const double *values = p->values + b * p->columns + column;
        V influence[2];
        UNROLL
        for (int s = 0; s < units; s++) { /* not with ?:, whose branch would be guessed wrong */
            Py_ssize_t beyond = seen[s] - last;
            influence[s] = SPREAD(p->felt[last + (beyond & -(Py_ssize_t)(beyond < 0))]);
        }
        UNROLL
        for (int v = 0; v < width; v++) {
            V value = LOAD(values + v * LANES);
            UNROLL
            for (int s = 0; s < units; s++)
                sum[s][v] = FMA(influence[s], value, sum[s][v]);
        }
    }
    UNROLL
    for (int s = 0; s < units; s++)
        UNROLL
        for (int v = 0; v < width; v++)
            STORE(out + s * p->columns + v * LANES, sum[s][v]);
}

static TARGET void SUFFIX(carry)(const Spread *p)
{
    for (Py_ssize_t from = 0; from < p->count; from += HOLDERS) {
        Py_ssize_t count = p->count - from < HOLDERS ? p->count - from : HOLDERS;
        for (Py_ssize_t j = 0; j < p->m; j += 2) {
            if (j % 32 == 0) /* the rows of classes are too many for the processor to see where they lead */
                for (Py_ssize_t b = from; b < from + count; b++)
                    PREFETCH(p->classes + p->holders[b] * p->m + (j + 64 < p->m ? j + 64 : j));
            for (Py_ssize_t column = 0; column < p->columns; column += STRIP * LANES) {
                Py_ssize_t width = (p->columns - column) / LANES;
#define CASE(w) \
    case w: \
        if (j + 1 < p->m) \
            SUFFIX(carry_strip)(p, from, count, j, 2, w, column); \
        else \
            SUFFIX(carry_strip)(p, from, count, j, 1, w, column); \
        break
                switch (width < STRIP ? width : STRIP) {
                    CASE(1);
                    CASE(2);
                    CASE(3);
                    CASE(4);
                    CASE(5);
                }
#undef CASE
            }
        }
    }
}

#undef STRIP
#undef HOLDERS
