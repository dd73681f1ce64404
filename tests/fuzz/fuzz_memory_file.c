#include "scanner/base/check.h"
#include "scanner/owners/remembered.h"

/* The file of --memory: refused with one line, or what is read is written in a form that is read as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    struct buf again = BUF_INIT(BUF_NO_LIMIT);
    struct remembered r;
    size_t dropped = 0;
    bool ok = remembered_parse(&r, (struct span){data, size}, "FILE", &dropped, &why);
    CHECK(ok == (why.len == 0));
    CHECK(why.len == 0 || memchr(why.at, '\n', why.len) == NULL);
    if (ok) {
        struct remembered same;
        remembered_put_text(&r, &text);
        CHECK(remembered_parse(&same, buf_span(&text), "FILE", &dropped, &why) && dropped == 0);
        remembered_put_text(&same, &again);
        CHECK(span_eq(buf_span(&text), buf_span(&again)));
        for (size_t i = 0; i < r.count; i++) {
            const struct remembered_entry *e = remembered_find(&same, &r.entries[i]);
            CHECK(e != NULL && e->halvings == r.entries[i].halvings && e->halvings > 0);
        }
        remembered_deinit(&same);
    }
    remembered_deinit(&r);
    buf_deinit(&why);
    buf_deinit(&text);
    buf_deinit(&again);
    return 0;
}
