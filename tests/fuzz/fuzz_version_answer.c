#include "scanner/base/check.h"
#include "scanner/tls/version_probe.h"

/** First octet: what was offered, and where to cut. Rest: what the server sends. Both feedings
 * must agree. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool feed(struct version_probe *p, struct span in)
{
    bool decided = version_probe_feed(p, in);
    const struct seen_hello *seen = version_probe_seen(p);
    CHECK(decided == (version_probe_outcome(p) != OUTCOME_NOT_TESTED));
    CHECK((seen->answer == HELLO_ACCEPTED) == (version_probe_outcome(p) == OUTCOME_ESTABLISHED));
    CHECK(seen->answer != HELLO_ACCEPTED ||
          (seen->version >= 0x0301 && seen->version <= seen->max_version));
    return decided;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    struct span all = {data + 1, size - 1};
    uint16_t max = (uint16_t)(0x0301 + data[0] % 4);
    size_t cut = data[0] / 4U < all.len ? data[0] / 4U : all.len;
    struct version_probe *whole = version_probe_new(max, NULL);
    struct version_probe *parts = version_probe_new(max, "mx.test");
    bool a = feed(whole, all);
    bool b = feed(parts, span_take(all, cut)) || feed(parts, span_drop(all, cut));
    const struct seen_hello *x = version_probe_seen(whole);
    const struct seen_hello *y = version_probe_seen(parts);
    CHECK(a == b && x->answer == y->answer && x->version == y->version && x->alert == y->alert &&
          x->cipher == y->cipher && x->retry_request == y->retry_request);
    struct buf out = BUF_INIT(64);
    version_probe_goodbye(whole, &out);
    CHECK(out.len == (x->answer == HELLO_ACCEPTED ? 14U : 0U));
    version_probe_peer_gone(parts, false, false);
    CHECK(version_probe_outcome(parts) != OUTCOME_NOT_TESTED);
    buf_deinit(&out);
    version_probe_free(whole);
    version_probe_free(parts);
    return 0;
}
