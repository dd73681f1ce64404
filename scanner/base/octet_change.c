#include "scanner/base/octet_change.h"

#include "scanner/base/check.h"
#include "scanner/base/codec.h"

#define RUN_MAX 255
#define GAP     2 /* octets that are the same are no run of their own below it: it costs two */

static uint8_t octet_of(struct span s, size_t at)
{
    return at < s.len ? s.at[at] : 0;
}

/* @return how many octets of `now` from `at` on are as in `before` */
static size_t same_from(struct span before, struct span now, size_t at)
{
    size_t n = 0;
    while (at + n < now.len && now.at[at + n] == octet_of(before, at + n)) {
        n++;
    }
    return n;
}

/* @return how many of them are not, with gaps */
static size_t changed_from(struct span before, struct span now, size_t at)
{
    size_t n = 0;
    while (at + n < now.len) {
        size_t same = same_from(before, now, at + n);
        if (same >= GAP || at + n + same == now.len) {
            break;
        }
        n += same + 1;
    }
    return n;
}

void octet_change_put(struct buf *out, struct span before, struct span now)
{
    CHECK(now.len <= OCTET_CHANGE_MAX);
    codec_put_u16(out, (uint16_t)now.len);
    for (size_t at = 0; at < now.len;) {
        size_t same = same_from(before, now, at);
        same = same < RUN_MAX ? same : RUN_MAX;
        size_t changed = changed_from(before, now, at + same);
        changed = changed < RUN_MAX ? changed : RUN_MAX;
        codec_put_u8(out, (uint8_t)same);
        codec_put_u8(out, (uint8_t)changed);
        buf_put(out, span_take(span_drop(now, at + same), changed));
        at += same + changed;
    }
}

void octet_change_get(struct span *in, struct span before, struct buf *now)
{
    size_t len = codec_get_u16(in);
    for (size_t at = 0; at < len;) {
        size_t same = codec_get_u8(in);
        size_t changed = codec_get_u8(in);
        CHECK(same + changed > 0 && same + changed <= len - at);
        for (size_t i = 0; i < same; i++) {
            buf_put_char(now, (char)octet_of(before, at + i));
        }
        buf_put(now, codec_take(in, changed));
        at += same + changed;
    }
}
