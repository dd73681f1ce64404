#include "tests/lab/draw.h"

#include <math.h>

uint64_t draw_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

uint64_t draw_u64(uint64_t seed, enum draw_topic topic, uint64_t a, uint64_t b)
{
    uint64_t x = draw_mix(seed ^ ((uint64_t)topic << 56));
    return draw_mix(draw_mix(x ^ a) + b);
}

double draw_unit(uint64_t seed, enum draw_topic topic, uint64_t a, uint64_t b)
{
    return (double)(draw_u64(seed, topic, a, b) >> 11) * 0x1p-53;
}

uint64_t draw_below(uint64_t seed, enum draw_topic topic, uint64_t a, uint64_t b, uint64_t n)
{
    return n > 1 ? draw_u64(seed, topic, a, b) % n : 0;
}

size_t draw_pick(double u, const double *weights, size_t count)
{
    double total = 0;
    for (size_t i = 0; i < count; i++) {
        total += weights[i];
    }
    double at = u * total;
    for (size_t i = 0; i + 1 < count; i++) {
        if (at < weights[i]) {
            return i;
        }
        at -= weights[i];
    }
    return count - 1;
}

double draw_normal(double u)
{
    /* Abramowitz and Stegun, Handbook of Mathematical Functions, formula 26.2.23. */
    double p = u < 0.5 ? u : 1 - u;
    double t = sqrt(-2 * log(p < 1e-12 ? 1e-12 : p));
    double x = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
                       (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    return u < 0.5 ? -x : x;
}
