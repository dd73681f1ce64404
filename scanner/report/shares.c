#include "scanner/report/shares.h"

#include <inttypes.h>

void put_share(struct json_writer *w, uint64_t numerator, uint64_t denominator, uint64_t untested)
{
    json_key_uint(w, "numerator", numerator);
    json_key_uint(w, "denominator", denominator);
    json_key_uint(w, "untested", untested);
    json_key(w, "share");
    json_share(w, numerator, denominator);
}

void put_tally(struct json_writer *w, const char *key, const struct tally *t)
{
    json_key(w, key);
    json_object_begin(w);
    put_share(w, t->yes, t->yes + t->no, t->unknown);
    json_object_end(w);
}

void put_percent(struct buf *text, uint64_t part, uint64_t whole)
{
    if (whole == 0) {
        buf_put_text(text, "    -  ");
        return;
    }
    uint64_t tenths = (part * 1000 + whole / 2) / whole;
    buf_putf(text, "%3" PRIu64 ".%" PRIu64 " %%", tenths / 10, tenths % 10);
}
