#include "scanner/analysis/sts_verdict.h"

void sts_verdict_init(struct sts_verdict *v)
{
    *v = (struct sts_verdict){.names = BUF_INIT(BUF_NO_LIMIT)};
}

void sts_verdict_deinit(struct sts_verdict *v)
{
    buf_deinit(&v->names);
}

void sts_verdict_fill(struct sts_verdict *v, const struct seen_domain *d)
{
    (void)d;
    v->state = STS_STATE_UNKNOWN;
}

bool sts_wants_policy(const struct seen_txt *txt)
{
    struct sts_records records;
    sts_records_read(txt->texts, txt->count, &records);
    return records.lenient_count > 0;
}
