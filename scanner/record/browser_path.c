#include "scanner/record/browser_path.h"

#include "scanner/cert/cert_list.h"

/* The leaf, what was fetched, the rest: so that what is fetched is within TLS_CERTS_MAX. */
static void join(struct span list, const struct buf *fetched, struct buf *whole)
{
    struct span rest = list;
    struct span leaf;
    buf_reset(whole);
    (void)cert_list_next(&rest, &leaf);
    buf_put(whole, span_take(list, list.len - rest.len));
    buf_put(whole, buf_span(fetched));
    buf_put(whole, rest);
}

/* @return whether anything is new */
static bool path_fetch(const struct cert_info *last, const struct fetched_issuers *fetched,
                       struct buf *got, void (*want)(void *arg, struct span url), void *arg)
{
    const struct cert_texts *urls = &last->ca_issuer_urls;
    size_t before = got->len;
    for (size_t i = 0; i < urls->count && i < ISSUER_CERT_URLS_MAX; i++) {
        struct span answer;
        if (fetched_issuers_find(fetched, urls->at[i], &answer)) {
            buf_put(got, answer);
        } else if (want != NULL) {
            want(arg, urls->at[i]);
        }
    }
    return got->len > before;
}

static void mark_fetched(struct chain_verdict *v, size_t count)
{
    for (size_t i = 0; i < v->store[0].step_count; i++) {
        struct path_step *step = &v->store[0].step[i];
        bool is_fetched = step->list_index > 0 && (size_t)step->list_index <= count;
        step->source = is_fetched && step->source == STEP_PRESENTED ? STEP_POOL : step->source;
    }
}

void browser_judge(struct chain_judge *j, struct span list, const struct fetched_issuers *fetched,
                   struct buf *octets, void (*want)(void *arg, struct span url), void *arg,
                   struct chain_verdict *out)
{
    struct buf got = BUF_INIT(BUF_NO_LIMIT);
    bool more = true;
    for (int round = 0; more; round++) {
        join(list, &got, octets);
        chain_judge_complete(j, buf_span(octets), NULL, out);
        const struct store_verdict *s = &out->store[0];
        more = s->status == CHAIN_ISSUER_UNKNOWN && s->step_count > 0 &&
               round < BROWSER_ROUNDS_MAX &&
               path_fetch(s->step[s->step_count - 1].cert, fetched, &got, want, arg);
    }
    mark_fetched(out, cert_list_count(buf_span(&got)));
    buf_deinit(&got);
}
