#include "scanner/analysis/list_validity.h"

/* Within what a list keeps of times; later ones are as good as never. */
static uint32_t seconds_of(int64_t unix_s)
{
    return unix_s <= 0 || unix_s >= UINT32_MAX ? 0 : (uint32_t)unix_s;
}

static enum path_end end_of_step(const struct store_verdict *s, size_t step)
{
    return step == 0                             ? PATH_END_LEAF
           : s->step[step].source == STEP_ANCHOR ? PATH_END_ANCHOR
                                                 : PATH_END_INTERMEDIATE;
}

struct list_validity list_validity_of(const struct chain_verdict *v)
{
    struct list_validity out = {0};
    const struct store_verdict *s = &v->store[0];
    if (v->cert_count > 0 && v->certs[0] != NULL && v->certs[0]->not_after.valid) {
        out.leaf_until = seconds_of(v->certs[0]->not_after.unix_s);
    }
    if (s->status != CHAIN_TRUSTED || !s->validity_known) {
        return out;
    }
    out.path_until = seconds_of(s->valid_until);
    for (size_t i = 0; i < s->step_count && out.path_end == PATH_END_NONE; i++) {
        if (s->step[i].cert->not_after.unix_s == s->valid_until) {
            out.path_end = (uint8_t)end_of_step(s, i);
        }
    }
    return out;
}
