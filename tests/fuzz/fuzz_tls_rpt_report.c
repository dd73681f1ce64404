/* A report of TLS-RPT from anybody: refused with one line, or summed up in text that a terminal may have. */

#include "scanner/base/check.h"
#include "scanner/base/hash.h"
#include "scanner/base/text.h"
#include "scanner/explain/rpt_summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_report(const struct rpt_report *r)
{
    CHECK(r->policy_count <= RPT_POLICIES_MAX);
    for (size_t i = 0; i < r->policy_count; i++) {
        const struct rpt_policy *p = &r->policies[i];
        CHECK(p->type < RPT_POLICY_TYPE_COUNT && p->failure_count <= RPT_FAILURES_MAX);
        for (size_t k = 0; k < p->failure_count; k++) {
            CHECK(p->failures[k].result <= RPT_RESULT_UNKNOWN);
        }
    }
}

static void check_summary(const struct rpt_report *r)
{
    struct rpt_summary *s = rpt_summary_new();
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    rpt_summary_add(s, r);
    rpt_summary_put_text(s, &out, 80, false);
    rpt_summary_put_json(s, &out);
    CHECK(memchr(out.at, '\033', out.len) == NULL && text_is_utf8(buf_span(&out)));
    buf_deinit(&out);
    rpt_summary_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool begun;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    if (!begun) {
        hash_secret_init();
        begun = true;
    }
    (void)rpt_report_is_likely((struct span){data, size});
    struct rpt_report *r = rpt_report_read((struct span){data, size}, "file", &why);
    CHECK((r == NULL) == (why.len > 0));
    if (r != NULL) {
        check_report(r);
        check_summary(r);
    }
    rpt_report_free(r);
    buf_deinit(&why);
    return 0;
}
