#include "scanner/analysis/endpoint_verdict.h"

#include <assert.h>

#include "scanner/analysis/leaf_domains.h"
#include "scanner/analysis/name_rules.h"
#include "scanner/analysis/session_facts.h"
#include "scanner/cert/cert_list.h"
#include "scanner/cert/cert_names.h"
#include "scanner/domain/domain_name.h"

void endpoint_verdict_init(struct endpoint_verdict *v)
{
    *v = (struct endpoint_verdict){.names = BUF_INIT(BUF_NO_LIMIT),
                                   .other_key_names = BUF_INIT(BUF_NO_LIMIT),
                                   .dane_names = BUF_INIT(BUF_NO_LIMIT),
                                   .server_name = BUF_INIT(BUF_NO_LIMIT)};
}

void endpoint_verdict_deinit(struct endpoint_verdict *v)
{
    buf_deinit(&v->names);
    buf_deinit(&v->other_key_names);
    buf_deinit(&v->dane_names);
    buf_deinit(&v->server_name);
}

/* The first word behind the code of the first line, RFC 5321 section 4.1.1.1 and 4.2. */
static struct span reply_first_word(struct span text)
{
    struct span word = span_drop(text, text.len < 4 ? text.len : 4); /* "250-" or "250 " */
    size_t len = 0;
    while (len < word.len && word.at[len] > ' ') {
        len++;
    }
    return span_take(word, len);
}

static bool put_host_name(struct span word, struct buf *name)
{
    size_t start = name->len;
    if (!host_name_normalise(word, name, NULL)) {
        return false;
    }
    if (memchr(name->at + start, '.', name->len - start) == NULL) {
        name->len = start; /* one label: no name that a certificate could be for */
        return false;
    }
    return true;
}

void server_name_put(const struct seen_smtp *smtp, struct buf *name)
{
    static const enum smtp_step steps[] = {SMTP_STEP_EHLO, SMTP_STEP_EHLO_TLS, SMTP_STEP_HELO,
                                           SMTP_STEP_GREETING};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        const struct seen_reply *reply = &smtp->reply[steps[i]];
        if (reply->code / 100 == 2 && put_host_name(reply_first_word(reply->text), name)) {
            return;
        }
    }
}

/* A session of another row may have been borrowed for its outcome; it has no list. */
static const struct seen_tls *handshake_of(const struct seen_session *s)
{
    return s != NULL && s->tls_attempted ? &s->tls : NULL;
}

/* Packs the names of the first certificate of a list; false when there is none to read. */
static bool pack_leaf(const struct seen_tls *tls, struct buf *names)
{
    struct span rest = tls != NULL ? tls->list : (struct span){0};
    struct span leaf;
    return cert_list_next(&rest, &leaf) && cert_names_pack(leaf, names);
}

/* The server answered the ClientHello and would not go on. Not a refusal before TLS, not our own
 * fault; nor silence or a reset, which happen by chance, and one handshake is all there is. */
static bool is_tls_refusal(enum session_outcome o)
{
    return o == OUTCOME_TLS_CLOSED || o == OUTCOME_TLS_ALERT ||
           o == OUTCOME_TLS_NO_SHARED_VERSION || o == OUTCOME_TLS_NO_SHARED_CIPHER ||
           o == OUTCOME_TLS_PROTOCOL_ERROR;
}

static enum sni_class class_of_leaves(const uint8_t with[32], const uint8_t without[32])
{
    if (digest_is_none(with) || digest_is_none(without)) {
        return SNI_UNKNOWN;
    }
    return memcmp(with, without, 32) == 0 ? SNI_SAME : SNI_DIFFERS;
}

static enum sni_class sni_class_of(const struct seen_endpoint *e)
{
    const struct seen_tls *tls = handshake_of(e->result);
    if (tls == NULL || !e->result->sni) {
        return SNI_UNKNOWN;
    }
    if (e->unstable) {
        return SNI_UNSTABLE;
    }
    enum session_outcome with = e->result->outcome;
    enum session_outcome without = e->no_sni_outcome;
    if (with == OUTCOME_ESTABLISHED && without == OUTCOME_ESTABLISHED) {
        return class_of_leaves(tls->leaf_sha256, e->no_sni_leaf_sha256);
    }
    if (with == OUTCOME_ESTABLISHED && is_tls_refusal(without)) {
        return SNI_FATAL_WITHOUT;
    }
    if (is_tls_refusal(with) && without == OUTCOME_ESTABLISHED) {
        return SNI_FATAL_WITH;
    }
    return SNI_UNKNOWN;
}

static enum truth acceptable(const struct chain_brief *chain, const struct name_verdict *name)
{
    if (chain->status == CHAIN_NONE) {
        return TRUTH_UNKNOWN;
    }
    return chain->status == CHAIN_TRUSTED && name_match_is_match(name->match) ? TRUTH_YES
                                                                              : TRUTH_NO;
}

static enum sni_acceptable acceptable_of(const struct seen_endpoint *e,
                                         const struct endpoint_verdict *v)
{
    enum truth with = acceptable(&e->chain, &v->name);
    enum truth without = acceptable(&e->no_sni_chain, &v->default_name);
    if (v->sni == SNI_FATAL_WITHOUT && with == TRUTH_YES) {
        return SNI_ACCEPTABLE_ONLY_SNI;
    }
    if (with == TRUTH_UNKNOWN || without == TRUTH_UNKNOWN) {
        return SNI_ACCEPTABLE_UNKNOWN;
    }
    if (with == without) {
        return with == TRUTH_YES ? SNI_ACCEPTABLE_BOTH : SNI_ACCEPTABLE_NEITHER;
    }
    return with == TRUTH_YES ? SNI_ACCEPTABLE_ONLY_SNI : SNI_ACCEPTABLE_ONLY_DEFAULT;
}

/* The default certificate is known by the names that the service keeps of it. */
static bool has_default_names(const struct seen_endpoint *e)
{
    return !digest_is_none(e->no_sni_leaf_sha256) && e->no_sni_chain.status != CHAIN_UNPARSABLE;
}

/* The names of the leaf whose SNI is the TLSA base domain. */
static struct span dane_names_of(struct endpoint_verdict *v, const struct seen_endpoint *e)
{
    if (e->dane_sni == NULL) {
        return buf_span(&v->names);
    }
    buf_reset(&v->dane_names);
    (void)pack_leaf(handshake_of(e->dane_sni), &v->dane_names);
    return buf_span(&v->dane_names);
}

/* RFC 7672 section 3.2.2: the TLSA base domain or the host itself. The recipient domain is for its owner to
 * look for. */
static enum dane_leaf dane_leaf_of(const struct seen_endpoint *e, struct span names)
{
    if (name_match_covers_or_cn(names, e->tlsa_base) || name_match_covers_or_cn(names, e->host)) {
        return DANE_LEAF_OF_HOST;
    }
    return leaf_names_of(names) != 0 ? DANE_LEAF_OTHER_NAME : DANE_LEAF_NAMELESS;
}

static void endpoint_judge_dane(struct endpoint_verdict *v, const struct seen_endpoint *e,
                                int64_t at)
{
    struct dane_leaves leaves = {DANE_LEAF_NAMELESS, DANE_LEAF_NAMELESS};
    struct span names = {0};
    if (e->dane_host == DANE_HOST_USABLE) {
        names = dane_names_of(v, e);
        leaves.base = dane_leaf_of(e, names);
        leaves.other_key = dane_leaf_of(e, buf_span(&v->other_key_names));
    }
    dane_judge_endpoint(e, &leaves, at, &v->dane);
    if (v->dane.status == DANE_OTHER_NAME) {
        v->dane_covers_parents = name_match_parents_or_cn(names, e->host);
        v->dane_leaf_names = leaf_names_of(names);
    }
}

/* Of what was presented: without a certificate nothing is refused. */
static_assert(NAME_RULES_ALL <= UINT8_MAX, "sender_facts.name_refused_by holds them");

static void add_name_rules(struct endpoint_verdict *v, const struct seen_endpoint *e)
{
    if (v->name.match != NAME_MATCH_NONE) {
        v->facts.name_refused_by = (uint8_t)name_rules_refusing(buf_span(&v->names), e->host);
    }
    if (v->default_name.match != NAME_MATCH_NONE) {
        v->default_facts.name_refused_by = (uint8_t)name_rules_refusing(e->no_sni_names, e->host);
    }
}

void endpoint_verdict_fill(struct endpoint_verdict *v, const struct seen_endpoint *e, int64_t at)
{
    buf_reset(&v->names);
    buf_reset(&v->other_key_names);
    buf_reset(&v->server_name);
    *v = (struct endpoint_verdict){.names = v->names,
                                   .other_key_names = v->other_key_names,
                                   .dane_names = v->dane_names,
                                   .server_name = v->server_name};
    if (e->result != NULL) {
        server_name_put(&e->result->smtp, &v->server_name);
    }
    struct span server = buf_span(&v->server_name);
    if (pack_leaf(handshake_of(e->result), &v->names)) {
        struct span names = buf_span(&v->names);
        v->name = name_match_host(names, e->host, server);
        if (server.len > 0) {
            v->covers_server_name = name_match_covers(names, server) ? TRUTH_YES : TRUTH_NO;
        }
    }
    if (has_default_names(e)) {
        v->default_name = name_match_host(e->no_sni_names, e->host, server);
    }
    if (pack_leaf(handshake_of(e->other_key), &v->other_key_names)) {
        v->other_key_name = name_match_host(buf_span(&v->other_key_names), e->host, server);
    }
    v->leaf_domains = leaf_domains_of(buf_span(&v->names));
    v->validity = (struct list_validity){0};
    v->facts = e->result != NULL ? session_facts_of(e->result) : (struct sender_facts){0};
    v->default_facts = e->no_sni_facts;
    add_name_rules(v, e);
    endpoint_judge_dane(v, e, at);
    v->sni = sni_class_of(e);
    v->acceptable = acceptable_of(e, v);
}

struct endpoint_judged endpoint_judged_of(const struct endpoint_verdict *v,
                                          struct chain_brief chain)
{
    return (struct endpoint_judged){
        .chain = chain,
        .name_match = (uint8_t)v->name.match,
        .sni = (uint8_t)v->sni,
        .sni_acceptable = (uint8_t)v->acceptable,
        .covers_parents = v->name.covers_parents,
        .dane = (uint8_t)v->dane.status,
        .dane_covers_parents = v->dane_covers_parents,
        .dane_flags = v->dane.flags,
        .no_sni_name_match = (uint8_t)v->default_name.match,
        .leaf_domains = v->leaf_domains,
        .dane_leaf_names = v->dane_leaf_names,
        .path_until = v->validity.path_until,
        .leaf_until = v->validity.leaf_until,
        .path_end = v->validity.path_end,
        .facts = v->facts,
        .no_sni_facts = v->default_facts,
    };
}
