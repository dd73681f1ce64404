#include "scanner/cert/cert_list.h"
#include "scanner/cert/digest.h"
#include "scanner/report/row_parts.h"
#include "scanner/trust/issuer_answer.h"

static void put_issuer_answer(struct row *r, struct span body)
{
    struct buf list = BUF_INIT(BUF_NO_LIMIT);
    row_word(r, ISSUERS_ANSWER, issuer_answer_word(issuer_answer_read(body, &list)));
    struct list *certificates = row_list(r, ISSUERS_CERTIFICATES);
    struct span rest = buf_span(&list);
    for (struct span der; cert_list_next(&rest, &der);) {
        uint8_t sha256[32];
        digest_sha256(der, sha256);
        list_hex(certificates, (struct span){sha256, sizeof(sha256)});
    }
    list_close(certificates);
    row_base64(r, ISSUERS_RAW, body);
    buf_deinit(&list);
}

void report_issuer(struct row_sink *sink, const struct seen_issuer *seen)
{
    if (!row_sink_wants(sink, TABLE_ISSUERS)) {
        return;
    }
    struct row *r = row_sink_begin(sink, TABLE_ISSUERS);
    row_text(r, ISSUERS_URL, seen->url);
    row_word(r, ISSUERS_REFUSED, issuer_refusal_word(seen->refused));
    row_word(r, ISSUERS_FETCH, policy_fetch_word(seen->outcome));
    if (seen->outcome == POLICY_FETCH_NOT_DIALLED) {
        row_word(r, ISSUERS_NOT_TESTED, word_or_null(not_tested_word(seen->not_tested)));
    }
    put_policy_attempts(row_list(r, ISSUERS_ATTEMPTS), seen->attempts, seen->attempt_count);
    if (seen->started_unix_ms != 0) {
        row_time_ms(r, ISSUERS_STARTED, seen->started_unix_ms);
    }
    row_natural(r, ISSUERS_TOTAL_MS, seen->total_ms);
    row_natural(r, ISSUERS_HTTP_STATUS, seen->status == 0 ? -1 : (int64_t)seen->status);
    row_name(r, ISSUERS_LOCATION, seen->location);
    row_name(r, ISSUERS_CONTENT_TYPE, seen->content_type);
    if (seen->outcome == POLICY_FETCH_FETCHED) {
        put_issuer_answer(r, seen->body);
    }
    row_sink_end(sink, TABLE_ISSUERS);
}
