#include "scanner/survey/share.h"

#include <math.h>

#define Z_95 1.959963984540054 /* 97.5 % of the normal distribution lie below it */

void share_interval(const struct share *s, double *low, double *high)
{
    *low = 0;
    *high = 1;
    if (s->denominator == 0) {
        return;
    }
    double n = (double)s->denominator;
    double p = (double)s->numerator / n;
    double z2 = Z_95 * Z_95;
    double centre = (p + z2 / (2 * n)) / (1 + z2 / n);
    double half = Z_95 / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n));
    /* Exact at the ends, where the sum only rounds to them. */
    *low = s->numerator == 0 ? 0 : centre - half;
    *high = s->numerator == s->denominator ? 1 : centre + half;
}
