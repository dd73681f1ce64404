#include "scanner/owners/domain_work.h"

void domain_ask(struct domain_owner *o, struct domain_work *d, enum domain_question q,
                const char *prefix, uint16_t type)
{
    d->questions++;
    owner_question_put(&o->out->questions, OWNER_DOMAIN, (uint64_t)d->index << 8 | (uint64_t)q,
                       type, prefix, d->seen.domain);
}
