#include "scanner/record/completions.h"

#include "scanner/base/memory.h"
#include "scanner/record/browser_path.h"
#include "scanner/report/report.h"

struct place {
    const struct incomplete_chains *of;
    const struct incomplete_chain *chain;
};

static int by_chain_id(const void *a, const void *b)
{
    const struct place *x = a;
    const struct place *y = b;
    return memcmp(x->chain->chain_id, y->chain->chain_id, sizeof(x->chain->chain_id));
}

static struct place *sorted_places(const struct completions *c, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < c->of_count; i++) {
        *count += c->of[i]->count;
    }
    struct place *places = memory_new(*count, sizeof(*places));
    size_t at = 0;
    for (size_t i = 0; i < c->of_count; i++) {
        for (size_t k = 0; k < c->of[i]->count; k++) {
            places[at++] = (struct place){c->of[i], &c->of[i]->chains[k]};
        }
    }
    qsort(places, *count, sizeof(*places), by_chain_id);
    return places;
}

static void complete(struct row_sink *sink, const struct completions *c, const struct place *p,
                     const uint8_t *octets, struct findings *findings)
{
    struct span list = {octets, p->chain->len};
    struct chain_verdict verdict;
    struct chain_verdict browser;
    struct buf whole = BUF_INIT(BUF_NO_LIMIT);
    findings_reset(findings);
    struct completion_facts facts = {.verdict = &verdict, .pool = c->pool, .senders = c->senders};
    memcpy(facts.chain_id, p->chain->chain_id, sizeof(facts.chain_id));
    if (c->fetched != NULL) {
        browser_judge(c->browser, list, c->fetched, &whole, NULL, NULL, &browser);
        facts.browser = &browser;
    }
    chain_judge_complete(c->judge, list, c->pool, &verdict);
    if (!p->chain->told) {
        findings_of_completion(&verdict, c->pool, findings);
    }
    if (!p->chain->told && findings->count == 0 && facts.browser != NULL) {
        findings_of_completion(&browser, NULL, findings);
    }
    report_completion(sink, &facts, findings);
    struct facts_scratch scratch;
    facts_scratch_init(&scratch);
    facts_note_completion(c->book, &scratch, facts.chain_id, findings);
    facts_scratch_deinit(&scratch);
    buf_deinit(&whole);
    counts_add_findings(c->counts, findings);
}

void completions_keep(struct incomplete_chains *c, const uint8_t chain_id[32], struct span list,
                      enum chain_status status)
{
    bool told = status == CHAIN_MISSING_INTERMEDIATE;
    if (told || status == CHAIN_ISSUER_UNKNOWN) {
        incomplete_chains_add(c, chain_id, list, told);
    }
}

static bool is_halted(const struct completions *c)
{
    return c->halted != NULL && *c->halted;
}

void completions_each_url(const struct completions *c, void (*want)(void *arg, struct span url),
                          void *arg)
{
    struct buf octets = BUF_INIT(BUF_NO_LIMIT);
    struct buf whole = BUF_INIT(BUF_NO_LIMIT);
    struct chain_verdict v;
    for (size_t i = 0; i < c->of_count; i++) {
        for (size_t k = 0; k < c->of[i]->count; k++) {
            const struct incomplete_chain *chain = &c->of[i]->chains[k];
            buf_reset(&octets);
            uint8_t *room = buf_room(&octets, chain->len);
            if (incomplete_chains_read(c->of[i], chain, room)) {
                struct span list = {room, chain->len};
                browser_judge(c->browser, list, c->fetched, &whole, want, arg, &v);
            }
        }
    }
    buf_deinit(&octets);
    buf_deinit(&whole);
}

bool report_completions(struct row_sink *sink, const struct completions *c,
                        void (*on_row)(void *arg), void *arg)
{
    bool whole = true;
    size_t count = 0;
    struct place *places = sorted_places(c, &count);
    struct findings *findings = memory_new(1, sizeof(*findings));
    struct buf octets = BUF_INIT(BUF_NO_LIMIT);
    findings_init(findings);
    for (size_t i = 0; i < count && !is_halted(c); i++) {
        buf_reset(&octets);
        uint8_t *room = buf_room(&octets, places[i].chain->len);
        if (!incomplete_chains_read(places[i].of, places[i].chain, room)) {
            whole = false;
            continue;
        }
        complete(sink, c, &places[i], room, findings);
        on_row(arg);
    }
    for (size_t i = 0; i < c->of_count; i++) {
        whole = whole && !c->of[i]->failed;
    }
    buf_deinit(&octets);
    findings_deinit(findings);
    free(findings);
    free(places);
    return whole;
}
