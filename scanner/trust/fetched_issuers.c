#include "scanner/trust/fetched_issuers.h"

#include <stdlib.h>

#include "scanner/base/buf.h"
#include "scanner/base/map.h"
#include "scanner/base/memory.h"
#include "scanner/trust/issuer_answer.h"

struct answer {
    size_t at; /* in the octets */
    size_t len;
};

struct fetched_issuers {
    struct map index; /* URL → index in `answers` */
    struct answer *answers;
    size_t count;
    struct buf octets;
};

struct fetched_issuers *fetched_issuers_new(void)
{
    struct fetched_issuers *f = memory_new(1, sizeof(*f));
    f->octets = BUF_INIT(BUF_NO_LIMIT);
    return f;
}

void fetched_issuers_free(struct fetched_issuers *f)
{
    if (f != NULL) {
        map_deinit(&f->index);
        buf_deinit(&f->octets);
        free(f->answers);
        free(f);
    }
}

void fetched_issuers_add(struct fetched_issuers *f, struct span url, struct span body)
{
    bool added = false;
    (void)map_add(&f->index, hash_key_of(url), f->count, &added);
    if (!added) {
        return;
    }
    size_t at = f->octets.len;
    (void)issuer_answer_read(body, &f->octets);
    f->answers = memory_grow_list(f->answers, f->count, sizeof(*f->answers));
    f->answers[f->count++] = (struct answer){at, f->octets.len - at};
}

size_t fetched_issuers_count(const struct fetched_issuers *f)
{
    return f->count;
}

bool fetched_issuers_find(const struct fetched_issuers *f, struct span url, struct span *list)
{
    const uint64_t *at = map_find(&f->index, hash_key_of(url));
    if (at != NULL) {
        *list = (struct span){f->octets.at + f->answers[*at].at, f->answers[*at].len};
    }
    return at != NULL;
}
