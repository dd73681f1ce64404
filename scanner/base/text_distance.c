#include "scanner/base/text_distance.h"

#include <stdint.h>

/* Three rows of the table of distances between beginnings of `a` and `b`. */
#define ROWS 3

static uint16_t least(uint16_t a, uint16_t b)
{
    return a < b ? a : b;
}

/* Fills the row of the first `i` octets of `a`. @return the least of it */
static uint16_t fill_row(uint16_t (*row)[TEXT_DISTANCE_MAX + 1], size_t i, struct span a,
                         struct span b)
{
    uint16_t *now = row[i % ROWS];
    const uint16_t *before = row[(i + ROWS - 1) % ROWS];
    const uint16_t *second = row[(i + ROWS - 2) % ROWS];
    uint16_t lowest = now[0] = (uint16_t)i;
    for (size_t j = 1; j <= b.len; j++) {
        uint16_t change = (uint16_t)(before[j - 1] + (a.at[i - 1] != b.at[j - 1]));
        now[j] = least(change, (uint16_t)(least(before[j], now[j - 1]) + 1));
        if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1]) {
            now[j] = least(now[j], (uint16_t)(second[j - 2] + 1));
        }
        lowest = least(lowest, now[j]);
    }
    return lowest;
}

size_t text_distance(struct span a, struct span b, size_t more_than)
{
    uint16_t row[ROWS][TEXT_DISTANCE_MAX + 1];
    size_t apart = a.len > b.len ? a.len - b.len : b.len - a.len;
    if (apart > more_than || a.len > TEXT_DISTANCE_MAX || b.len > TEXT_DISTANCE_MAX) {
        return more_than + 1;
    }
    for (size_t j = 0; j <= b.len; j++) {
        row[0][j] = (uint16_t)j;
    }
    uint16_t before = 0; /* a swap goes back two rows */
    for (size_t i = 1; i <= a.len; i++) {
        uint16_t lowest = fill_row(row, i, a, b);
        if (lowest > more_than && before > more_than) {
            return more_than + 1;
        }
        before = lowest;
    }
    size_t d = row[a.len % ROWS][b.len];
    return d <= more_than ? d : more_than + 1;
}
