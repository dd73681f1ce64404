#include "scanner/policy/tls_rpt_record.h"

void tls_rpt_records_read(const struct span *texts, size_t count, struct tls_rpt_records *out)
{
    (void)texts;
    (void)count;
    *out = (struct tls_rpt_records){0};
}
