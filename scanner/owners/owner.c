#include "scanner/owners/owner.h"

void owner_out_init(struct owner_out *out)
{
    *out = (struct owner_out){.questions = BUF_INIT(BUF_NO_LIMIT),
                              .dials = BUF_INIT(BUF_NO_LIMIT),
                              .settled = BUF_INIT(BUF_NO_LIMIT),
                              .holds = BUF_INIT(BUF_NO_LIMIT),
                              .finished = BUF_INIT(BUF_NO_LIMIT)};
}

void owner_out_deinit(struct owner_out *out)
{
    buf_deinit(&out->questions);
    buf_deinit(&out->dials);
    buf_deinit(&out->settled);
    buf_deinit(&out->holds);
    buf_deinit(&out->finished);
}

void owner_question_put(struct buf *list, enum owner_kind asker, uint64_t tag, uint16_t type,
                        const char *prefix, struct span name)
{
    struct span front = span_of(prefix);
    codec_put_word(list, asker);
    codec_put_u64(list, tag);
    codec_put_u16(list, type);
    codec_put_count(list, front.len + name.len);
    buf_put(list, front);
    buf_put(list, name);
}

bool owner_question_next(struct span *in, struct owner_question *q)
{
    if (in->len == 0) {
        return false;
    }
    q->asker = codec_get_word(in);
    q->tag = codec_get_u64(in);
    q->type = codec_get_u16(in);
    q->name = codec_get_span(in);
    return true;
}
