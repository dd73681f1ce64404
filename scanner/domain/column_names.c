#include "scanner/domain/column_names.h"

#include "scanner/base/memory.h"

void column_names_init(struct column_names *n)
{
    *n = (struct column_names){.text = BUF_INIT(BUF_NO_LIMIT)};
}

void column_names_deinit(struct column_names *n)
{
    buf_deinit(&n->text);
    free(n->ends);
    column_names_init(n);
}

struct span column_names_get(const struct column_names *n, size_t index)
{
    CHECK(index < n->count);
    size_t from = index > 0 ? n->ends[index - 1] : 0;
    return (struct span){n->text.at + from, n->ends[index] - from};
}

/* Is the name that stands behind the last one used already? */
static bool is_taken(const struct column_names *n, size_t from)
{
    struct span name = span_drop(buf_span(&n->text), from);
    for (size_t i = 0; i < n->count; i++) {
        if (span_eq(column_names_get(n, i), name)) {
            return true;
        }
    }
    return false;
}

void column_names_add(struct column_names *n, struct span name)
{
    size_t from = n->text.len;
    buf_put(&n->text, name);
    if (name.len == 0 || is_taken(n, from)) {
        n->text.len = from;
        buf_putf(&n->text, "column_%zu", n->count + 1);
    }
    while (is_taken(n, from)) { /* a header may call another column "column_2" */
        buf_put_char(&n->text, '_');
    }
    n->ends = memory_grow_list(n->ends, n->count, sizeof(*n->ends));
    n->ends[n->count++] = n->text.len;
}

void column_names_fill(struct column_names *n, size_t count)
{
    while (n->count < count) {
        column_names_add(n, (struct span){0});
    }
}
