#include "scanner/pipeline/line_set.h"

#include "scanner/base/memory.h"

void line_set_add(struct line_set *s, uint64_t line)
{
    while (line / 8 >= s->capacity) {
        uint64_t grown = s->capacity ? s->capacity * 2 : 4096;
        s->bits = memory_resize(s->bits, grown, 1);
        memset(s->bits + s->capacity, 0, grown - s->capacity);
        s->capacity = grown;
    }
    s->bits[line / 8] |= (uint8_t)(1U << (line % 8));
}

bool line_set_has(const struct line_set *s, uint64_t line)
{
    return line / 8 < s->capacity && ((unsigned)s->bits[line / 8] >> (line % 8) & 1U) != 0;
}

void line_set_deinit(struct line_set *s)
{
    free(s->bits);
    *s = (struct line_set){0};
}
