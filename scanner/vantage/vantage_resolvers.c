#include <string.h>

#include "scanner/vantage/vantage_verdict.h"

#define SUBJECT_MAX (NET_ADDR_TEXT_MAX + 8) /* with brackets and a port */

static void put_resolver(const struct vantage_resolver *r, char out[SUBJECT_MAX])
{
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    vantage_put_endpoint(&b, &r->address, r->port);
    buf_put_char(&b, '\0');
    memcpy(out, b.at, b.len < SUBJECT_MAX ? b.len : SUBJECT_MAX);
    out[SUBJECT_MAX - 1] = '\0';
    buf_deinit(&b);
}

static bool is_denied(const struct seen_dns *seen)
{
    return seen->state == DNS_NXDOMAIN || seen->state == DNS_NODATA;
}

bool vantage_resolver_denies(const struct vantage_facts *facts, size_t i)
{
    const struct vantage_resolver *r = &facts->resolver[i];
    bool exists = r->internet_root;
    for (size_t k = 0; k < facts->resolver_count; k++) {
        const struct vantage_resolver *other = &facts->resolver[k];
        exists = exists || other->com.state == DNS_DATA ||
                 (other->own.state == DNS_DATA && is_denied(&r->own));
    }
    return exists && is_denied(&r->com);
}

static bool resolver_works(const struct vantage_facts *f, size_t at)
{
    const struct vantage_resolver *r = &f->resolver[at];
    if (vantage_resolver_denies(f, at)) {
        return false;
    }
    bool works = vantage_dns_is_answer(&r->root);
    for (size_t i = 0; i < VANTAGE_ABSENT_NAMES; i++) {
        works = works || vantage_dns_is_answer(&r->absent[i]);
    }
    return works;
}

static bool some_resolver_works(const struct vantage_facts *f)
{
    for (size_t i = 0; i < f->resolver_count; i++) {
        if (resolver_works(f, i)) {
            return true;
        }
    }
    return false;
}

/* A resolver of a closed network may know names there and not the root. */
static bool some_name_was_resolved(const struct vantage_facts *f)
{
    bool found = vantage_dns_is_answer(&f->ehlo.a) || vantage_dns_is_answer(&f->ehlo.aaaa);
    for (size_t i = 0; i < f->host_count; i++) {
        found = found || vantage_dns_is_answer(&f->host[i].found.a) ||
                vantage_dns_is_answer(&f->host[i].found.aaaa);
    }
    return found;
}

static void put_what_came(struct buf *b, const struct vantage_facts *f, size_t i)
{
    const struct vantage_resolver *r = &f->resolver[i];
    if (vantage_resolver_denies(f, i)) {
        buf_put_text(b, "it lies: it denies com, which exists");
    } else {
        buf_put_text(b, r->root.state == DNS_TIMEOUT ? "no answer" : dns_state_word(r->root.state));
    }
}

static void judge_answers(struct vantage_verdict *v, const struct vantage_facts *f, size_t i)
{
    char subject[SUBJECT_MAX];
    struct buf *b = vantage_text(v);
    bool works = resolver_works(f, i);
    put_resolver(&f->resolver[i], subject);
    if (works) {
        buf_put_text(b, "answers");
    } else {
        bool denies = vantage_resolver_denies(f, i);
        buf_putf(b, "resolver %s cannot be used (%s", subject,
                 denies ? "" : "asked for the root: ");
        put_what_came(b, f, i);
        buf_putf(b,
                 "): its share of the queries goes to the others; %s it, or leave it out of "
                 "--name-servers",
                 denies ? "mend" : "start");
    }
    vantage_add(v, VANTAGE_RESOLVER, works ? VANTAGE_OK : VANTAGE_WARNING, subject);
}

static void judge_validation(struct vantage_verdict *v, const struct vantage_resolver *r,
                             enum trust_ad setting)
{
    char subject[SUBJECT_MAX];
    struct buf *b = vantage_text(v);
    enum vantage_result result = VANTAGE_OK;
    put_resolver(r, subject);
    if (!vantage_dns_is_answer(&r->root)) {
        buf_put_text(b, "not known: no answer about the root");
        result = VANTAGE_UNKNOWN;
    } else if (r->root.ad) {
        buf_put_text(b, "validates: AD for the root");
    } else if (setting == TRUST_AD_NO) {
        buf_put_text(b, "does not validate: no AD for the root");
    } else {
        buf_putf(b,
                 "resolver %s does not validate (no AD for the root): DANE is not judged; use a "
                 "validating "
                 "resolver on this machine, or say --trust-ad no",
                 subject);
        result = VANTAGE_WARNING;
    }
    vantage_add(v, VANTAGE_DNSSEC, result, subject);
}

static void judge_truth(struct vantage_verdict *v, const struct vantage_resolver *r)
{
    char subject[SUBJECT_MAX];
    bool denied = true;
    struct buf *b = vantage_text(v);
    enum vantage_result result = VANTAGE_OK;
    put_resolver(r, subject);
    for (size_t i = 0; i < VANTAGE_ABSENT_NAMES; i++) {
        denied = denied && r->absent[i].state == DNS_NXDOMAIN;
    }
    if (r->false_address.family != 0) {
        buf_putf(b, "resolver %s lies: it gives names that do not exist the address ", subject);
        vantage_put_address(b, &r->false_address);
        buf_put_text(b, ", so absent domains and hosts look present; use a resolver that answers "
                        "NXDOMAIN");
        result = VANTAGE_WARNING;
    } else if (denied) {
        buf_put_text(b, "names that do not exist get NXDOMAIN");
    } else {
        buf_putf(b, "not known: names that do not exist get %s and %s",
                 dns_state_word(r->absent[0].state), dns_state_word(r->absent[1].state));
        result = VANTAGE_UNKNOWN;
    }
    vantage_add(v, VANTAGE_NXDOMAIN, result, subject);
}

static void judge_all_dead(struct vantage_verdict *v, const struct vantage_facts *f)
{
    struct buf *b = vantage_text(v);
    buf_put_text(b, f->resolver_count > 1 ? "no resolver can be used ("
                                          : "the resolver cannot be used (");
    for (size_t i = 0; i < f->resolver_count; i++) {
        buf_put_text(b, i > 0 ? ", " : "");
        vantage_put_endpoint(b, &f->resolver[i].address, f->resolver[i].port);
        buf_put_text(b, ": ");
        put_what_came(b, f, i);
    }
    buf_put_text(b, "): nothing was scanned; start it, see to its connection, or name another with "
                    "--name-servers");
    vantage_add(v, VANTAGE_RESOLVER, VANTAGE_FAILED, "");
    vantage_stop(v, VANTAGE_CANNOT_SCAN);
}

/* RFC 7672 section 2.1.1, RFC 6840 section 5.8: AD counts only where nobody can change it on the way, and where
 * every resolver that answers validates, as each question goes to one of them. */
static void decide_on_ad(struct vantage_verdict *v, const struct vantage_facts *f,
                         enum trust_ad setting)
{
    bool loopback = f->resolver_count > 0;
    bool validates = true;
    bool answered = false;
    for (size_t i = 0; i < f->resolver_count; i++) {
        const struct vantage_resolver *r = &f->resolver[i];
        if (vantage_resolver_denies(f, i)) {
            continue; /* it is not asked */
        }
        loopback = loopback && net_addr_is_loopback(&r->address);
        if (r->root.state == DNS_DATA) {
            answered = true;
            validates = validates && r->root.ad;
        }
    }
    if (setting != TRUST_AD_AUTO) {
        v->trust_ad_reason = "option";
        v->trust_ad = setting == TRUST_AD_YES;
    } else {
        v->trust_ad_reason = !loopback    ? "not_loopback"
                             : !answered  ? "no_answer"
                             : !validates ? "not_validating"
                                          : "validates";
        v->trust_ad = loopback && answered && validates;
    }
}

void vantage_judge_resolvers(struct vantage_verdict *v, const struct vantage_facts *f,
                             const struct vantage_terms *t)
{
    decide_on_ad(v, f, t->trust_ad);
    for (size_t i = 0; i < f->resolver_count; i++) {
        v->resolver_denies[i] = vantage_resolver_denies(f, i);
    }
    if (!some_resolver_works(f) && !some_name_was_resolved(f)) {
        judge_all_dead(v, f);
        return;
    }
    for (size_t i = 0; i < f->resolver_count; i++) {
        const struct vantage_resolver *r = &f->resolver[i];
        judge_answers(v, f, i);
        if (resolver_works(f, i)) {
            judge_validation(v, r, t->trust_ad);
            judge_truth(v, r);
        }
    }
}
