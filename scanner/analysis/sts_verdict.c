#include "scanner/analysis/sts_verdict.h"

#include "scanner/base/check.h"
#include "scanner/cert/cert_list.h"
#include "scanner/cert/cert_names.h"

#define TYPO_DISTANCE 3   /* edits; IMC 2025 */
#define NAME_MAX      253 /* octets of a name, RFC 1035 section 2.3.4 */

const struct vocabulary sts_state_vocabulary = VOCABULARY_OF(
    STS_STATES, "sts_state", "state",
    "MTA-STS for a sender that follows the RFC and has no cached policy. The first that applies.");

const struct vocabulary sts_mismatch_vocabulary =
    VOCABULARY_OF(STS_MISMATCHES, "sts_mismatch", "mismatch",
                  "How the closest pattern of a policy differs from an MX host.");

void sts_verdict_init(struct sts_verdict *v)
{
    *v = (struct sts_verdict){.names = BUF_INIT(BUF_NO_LIMIT)};
}

void sts_verdict_deinit(struct sts_verdict *v)
{
    buf_deinit(&v->names);
}

bool sts_wants_policy(const struct seen_txt *txt)
{
    struct sts_records records;
    sts_records_read(txt->texts, txt->count, &records);
    return records.lenient_count > 0;
}

enum truth policy_certificate_passes(const struct seen_policy *p, struct buf *names,
                                     struct name_verdict *name)
{
    *name = (struct name_verdict){0};
    buf_reset(names);
    /* A list without a verdict is one that was not judged. */
    if (!p->tls_attempted || p->chain.status == CHAIN_NONE) {
        return TRUTH_UNKNOWN;
    }
    struct span rest = p->tls.list;
    struct span leaf;
    if (cert_list_next(&rest, &leaf) && cert_names_pack(leaf, names)) {
        *name = name_match_host(buf_span(names), p->policy_host, (struct span){0});
    }
    return p->chain.status == CHAIN_TRUSTED && name_match_is_match(name->match) ? TRUTH_YES
                                                                                : TRUTH_NO;
}

/* --- how a name is missed ---------------------------------------------------------------------- */

static struct span sts_without_first_label(struct span name)
{
    const uint8_t *dot = memchr(name.at, '.', name.len);
    return dot != NULL ? span_drop(name, (size_t)(dot - name.at) + 1) : span_drop(name, name.len);
}

static size_t label_count(struct span name)
{
    size_t count = name.len > 0;
    for (size_t i = 0; i < name.len; i++) {
        count += name.at[i] == '.';
    }
    return count;
}

/* The last labels of a name. */
static struct span last_labels(struct span name, size_t count)
{
    for (size_t have = label_count(name); have > count; have--) {
        name = sts_without_first_label(name);
    }
    return name;
}

/* Labels right under a country's top-level domain below which registries register. */
static bool is_second_level(struct span label)
{
    static const char *const words[] = {"co", "com", "net", "org", "ac", "edu",
                                        "go", "gov", "or",  "ne",  "gv", "mil"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (span_ieq(label, span_of(words[i]))) {
            return true;
        }
    }
    return false;
}

/* Labels of the public suffix, as far as that can be told without the list of them: judging has to
 * come out the same wherever rows are read again. */
static size_t suffix_labels(struct span name)
{
    struct span tld = last_labels(name, 1);
    struct span two = last_labels(name, 2);
    struct span second = span_take(two, two.len - tld.len - (two.len > tld.len));
    return tld.len == 2 && is_second_level(second) ? 2 : 1;
}

static struct span registrable_of(struct span name)
{
    return last_labels(name, suffix_labels(name) + 1);
}

/* What stands before the public suffix. */
static struct span before_suffix(struct span name)
{
    size_t suffix = last_labels(name, suffix_labels(name)).len;
    return suffix < name.len ? span_take(name, name.len - suffix - 1) : (struct span){0};
}

static size_t sts_least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* One row of the table of distances between the beginnings of two names (Levenshtein). */
static void next_row(const size_t *above, size_t *row, uint8_t letter, struct span other)
{
    for (size_t k = 1; k <= other.len; k++) {
        size_t replaced = above[k - 1] + (ascii_lower(other.at[k - 1]) != letter);
        row[k] = sts_least(replaced, sts_least(above[k], row[k - 1]) + 1);
    }
}

/* Do few edits make one name of the other? */
static bool is_typo(struct span a, struct span b)
{
    size_t rows[2][NAME_MAX + 1];
    if (a.len > b.len + TYPO_DISTANCE || b.len > a.len + TYPO_DISTANCE || b.len > NAME_MAX) {
        return false;
    }
    for (size_t k = 0; k <= b.len; k++) {
        rows[0][k] = k;
    }
    for (size_t i = 1; i <= a.len; i++) {
        rows[i % 2][0] = i;
        next_row(rows[(i + 1) % 2], rows[i % 2], ascii_lower(a.at[i - 1]), b);
    }
    return rows[a.len % 2][b.len] <= TYPO_DISTANCE;
}

static bool is_below(struct span name, struct span above)
{
    return above.len > 0 && name.len > above.len + 1 && name.at[name.len - above.len - 1] == '.' &&
           span_ieq(span_drop(name, name.len - above.len), above);
}

/* A wildcard stands for one label, so that the first one of the name is not compared. */
static enum sts_mismatch sts_mismatch_of(struct span pattern, struct span host)
{
    struct span below = host;
    if (pattern.len > 1 && pattern.at[0] == '*') {
        pattern = sts_without_first_label(pattern);
        host = sts_without_first_label(host);
    }
    struct span before = before_suffix(pattern);
    if (before.len > 0 && span_ieq(before, before_suffix(host))) {
        return STS_MISMATCH_TLD;
    }
    if (is_below(host, pattern)) {
        return STS_MISMATCH_PARENT;
    }
    if (is_typo(pattern, host)) {
        return STS_MISMATCH_TYPO;
    }
    return span_ieq(registrable_of(pattern), registrable_of(below)) ? STS_MISMATCH_THIRD_LEVEL
                                                                    : STS_MISMATCH_DOMAIN;
}

/* Of the pattern that comes nearest. */
static enum sts_mismatch nearest_mismatch(const struct sts_policy *policy, struct span host)
{
    enum sts_mismatch nearest = STS_MISMATCH_DOMAIN;
    for (size_t i = 0; i < policy->mx_count && nearest != STS_MISMATCH_TLD; i++) {
        enum sts_mismatch m = sts_mismatch_of(policy->mx[i], host);
        nearest = m < nearest ? m : nearest;
    }
    return nearest;
}

/* --- exchanges --------------------------------------------------------------------------------- */

/* The name in the MX record (RFC 8461 section 4.1), not that of an alias target. Without an MX record
 * the domain's own name takes its place (RFC 5321 section 5.1). */
static struct span mx_name(const struct seen_domain *d, const struct seen_mx *mx)
{
    return d->mx_kind == MX_KIND_IMPLICIT ? d->domain : mx->host;
}

static void judge_coverage(struct sts_verdict *v, struct sts_mx *out, struct span name)
{
    if (name.len == 0 || v->policy.mx_total == 0) {
        return; /* no host: senders have nowhere to go; or mode none, without a pattern */
    }
    out->covered = TRUTH_NO;
    for (size_t i = 0; i < v->policy.mx_count; i++) {
        if (sts_pattern_matches(v->policy.mx[i], name)) {
            v->pattern_used[i] = true;
            out->pattern = out->pattern < 0 ? (int)i : out->pattern;
            out->covered = TRUTH_YES;
        }
    }
    if (out->covered == TRUTH_YES) {
        return;
    }
    /* A pattern may be among those that were not kept, or a reader make one of what is malformed. */
    out->covered = v->policy.mx_total > v->policy.mx_count ? TRUTH_UNKNOWN : TRUTH_NO;
    if (out->covered == TRUTH_NO) {
        out->mismatch = nearest_mismatch(&v->policy, name);
    }
}

static enum truth sts_both(enum truth a, enum truth b)
{
    if (a == TRUTH_NO || b == TRUTH_NO) {
        return TRUTH_NO;
    }
    return a == TRUTH_YES && b == TRUTH_YES ? TRUTH_YES : TRUTH_UNKNOWN;
}

enum truth sts_endpoint_passes(const struct endpoint_brief *e)
{
    return sts_both(property_of(PROPERTY_ACCEPTABLE, e), property_of(PROPERTY_TLS1_2_OR_NEWER, e));
}

bool sts_endpoint_counts(const struct endpoint_brief *e, uint16_t port)
{
    return (port == PORT_ALL || e->port == port) && !endpoint_is_special(e);
}

static void judge_endpoints(struct sts_mx *out, const struct seen_mx *mx, uint16_t port)
{
    for (size_t i = 0; i < mx->endpoint_count; i++) {
        const struct endpoint_brief *e = &mx->endpoints[i];
        if (sts_endpoint_counts(e, port)) {
            tally_add(&out->endpoints, port == PORT_SMTP ? sts_endpoint_passes(e) : TRUTH_UNKNOWN);
        }
    }
}

bool sts_mx_counts(const struct seen_domain *d, const struct sts_verdict *v, size_t index)
{
    const struct tally *t = &v->mx[index].endpoints;
    return t->yes + t->no + t->unknown > 0 || mx_is_open(d, &d->mx[index]);
}

enum truth sts_mx_passes(const struct seen_domain *d, const struct sts_verdict *v, size_t index)
{
    const struct sts_mx *mx = &v->mx[index];
    if (mx->covered == TRUTH_NO || mx->endpoints.no > 0) {
        return TRUTH_NO;
    }
    bool known = mx->covered == TRUTH_YES && mx->endpoints.unknown == 0 && mx->endpoints.yes > 0 &&
                 !mx_is_open(d, &d->mx[index]);
    return known ? TRUTH_YES : TRUTH_UNKNOWN;
}

static enum rollup rollup_of(const struct tally *t, bool open)
{
    if (t->yes > 0 && t->no > 0) {
        return ROLLUP_SOME; /* whatever the unknown ones are */
    }
    if (open || t->unknown > 0 || t->yes + t->no == 0) {
        return ROLLUP_UNKNOWN;
    }
    return t->yes > 0 ? ROLLUP_ALL : ROLLUP_NONE;
}

static void judge_exchanges(struct sts_verdict *v, const struct seen_domain *d)
{
    uint16_t port = domain_port(d);
    struct tally passing = {0};
    for (size_t i = 0; i < d->mx_count; i++) {
        judge_coverage(v, &v->mx[i], mx_name(d, &d->mx[i]));
        judge_endpoints(&v->mx[i], &d->mx[i], port);
        if (sts_mx_counts(d, v, i)) {
            tally_add(&passing, sts_mx_passes(d, v, i));
        }
    }
    v->passes = rollup_of(&passing, d->mx_total > d->mx_count);
}

/* --- the whole --------------------------------------------------------------------------------- */

/* Neither the domain's nor the policy host's doing: nothing is known of the policy. */
static bool is_not_tested(const struct seen_policy *p)
{
    switch (p->outcome) {
    case POLICY_FETCH_NOT_ASKED:
    case POLICY_FETCH_INTERRUPTED:
    case POLICY_FETCH_LOCAL_FAULT:
        return true;
    case POLICY_FETCH_NOT_DIALLED: /* nobody else can dial a special-purpose address either */
        return p->not_tested != NOT_TESTED_SPECIAL_PURPOSE;
    case POLICY_FETCH_DNS_FAILED:
        return dns_state_is_ours((enum dns_state)p->a.state) ||
               dns_state_is_ours((enum dns_state)p->aaaa.state);
    case POLICY_FETCH_DNS_NXDOMAIN:
    case POLICY_FETCH_DNS_NO_ADDRESS:
    case POLICY_FETCH_TCP_REFUSED:
    case POLICY_FETCH_TCP_TIMEOUT:
    case POLICY_FETCH_TCP_RESET:
    case POLICY_FETCH_TCP_UNREACHABLE:
    case POLICY_FETCH_TLS_TIMEOUT:
    case POLICY_FETCH_TLS_CLOSED:
    case POLICY_FETCH_TLS_ALERT:
    case POLICY_FETCH_TLS_NO_SHARED_VERSION:
    case POLICY_FETCH_TLS_FAILED:
    case POLICY_FETCH_HTTP_TIMEOUT:
    case POLICY_FETCH_HTTP_CLOSED:
    case POLICY_FETCH_HTTP_MALFORMED:
    case POLICY_FETCH_HTTP_HEAD_TOO_LARGE:
    case POLICY_FETCH_HTTP_REDIRECT:
    case POLICY_FETCH_HTTP_STATUS:
    case POLICY_FETCH_BODY_TIMEOUT:
    case POLICY_FETCH_BODY_TOO_LARGE:
    case POLICY_FETCH_BODY_TRUNCATED:
    case POLICY_FETCH_FETCHED:
        return false;
    case POLICY_FETCH_COUNT:
        break;
    }
    UNREACHABLE("unknown policy_fetch");
}

bool policy_is_fetched(const struct seen_policy *p)
{
    bool old = p->tls.version != 0 && p->tls.version < 0x0303;
    return p->outcome == POLICY_FETCH_FETCHED && !old;
}

static enum sts_state state_of_mode(enum sts_mode mode)
{
    switch (mode) {
    case STS_MODE_ENFORCE:
        return STS_STATE_ENFORCE;
    case STS_MODE_TESTING:
        return STS_STATE_TESTING;
    case STS_MODE_NONE:
        return STS_STATE_MODE_NONE;
    case STS_MODE_MISSING:
    case STS_MODE_BAD:
        return STS_STATE_POLICY_INVALID;
    }
    UNREACHABLE("unknown sts_mode");
}

static enum sts_state state_of_policy(const struct sts_verdict *v, const struct seen_policy *p)
{
    if (p == NULL || is_not_tested(p)) {
        return STS_STATE_UNKNOWN;
    }
    if (!policy_is_fetched(p)) {
        return STS_STATE_FETCH_FAILED;
    }
    if (v->certificate_passes != TRUTH_YES) {
        return v->certificate_passes == TRUTH_NO ? STS_STATE_CERTIFICATE_INVALID
                                                 : STS_STATE_UNKNOWN;
    }
    return v->policy.lenient_valid ? state_of_mode(v->policy.mode) : STS_STATE_POLICY_INVALID;
}

static bool is_record_known(enum dns_state state)
{
    switch (state) {
    case DNS_NOT_ASKED:
    case DNS_SERVFAIL:
    case DNS_BOGUS:
    case DNS_REFUSED:
    case DNS_OTHER_RCODE:
    case DNS_TIMEOUT:
    case DNS_MALFORMED:
    case DNS_CNAME_LOOP:
    case DNS_CNAME_LIMIT:
    case DNS_LOCAL_FAULT:
        return false;
    case DNS_NODATA:
    case DNS_NXDOMAIN:
    case DNS_NAME_INVALID: /* too long a name: there can be no record */
    case DNS_DATA:
        return true;
    case DNS_STATE_COUNT:
        break;
    }
    UNREACHABLE("unknown dns_state");
}

static enum sts_state sts_state_of(const struct sts_verdict *v)
{
    if (!v->record_known) {
        return STS_STATE_UNKNOWN;
    }
    if (v->records.lenient_count == 0) {
        return STS_STATE_NONE;
    }
    return v->records.valid ? v->policy_state : STS_STATE_RECORD_INVALID;
}

static uint32_t media_quirks(const struct sts_verdict *v, const struct seen_policy *p)
{
    struct span type = span_take(p->content_type, strlen("text/plain"));
    if (v->media_type != MEDIA_TYPE_TEXT_PLAIN) {
        return 1U << STS_POLICY_QUIRK_MEDIA_TYPE;
    }
    return span_eq(type, SPAN_LIT("text/plain")) ? 0 : 1U << STS_POLICY_QUIRK_MEDIA_TYPE_CASE;
}

static void judge_policy(struct sts_verdict *v, const struct seen_policy *p)
{
    v->certificate_passes = policy_certificate_passes(p, &v->names, &v->name);
    bool trusted = p->chain.status == CHAIN_TRUSTED;
    v->certificate_disputed = p->chain.status != CHAIN_NONE && name_match_is_match(v->name.match) &&
                              ((p->chain.openssl_level_1 & 1U) != 0) != trusted;
    if (p->status != 0) {
        v->media_type = media_type_read(p->content_type);
    }
    v->has_policy = policy_is_fetched(p);
    if (v->has_policy) {
        sts_policy_read(p->body, &v->policy);
        v->policy_quirks = v->policy.quirks | media_quirks(v, p);
    }
}

static void reset(struct sts_verdict *v)
{
    struct buf names = v->names;
    buf_reset(&names);
    *v = (struct sts_verdict){.names = names};
    for (size_t i = 0; i < MX_MAX; i++) {
        v->mx[i].pattern = -1;
    }
}

void sts_verdict_fill(struct sts_verdict *v, const struct seen_domain *d)
{
    reset(v);
    sts_records_read(d->mta_sts.texts, d->mta_sts.count, &v->records);
    if (d->policy != NULL) {
        judge_policy(v, d->policy);
    }
    v->record_known = is_record_known((enum dns_state)d->mta_sts.dns.state);
    v->policy_state = state_of_policy(v, d->policy);
    v->state = sts_state_of(v);
    if (v->has_policy && v->policy.readable) {
        judge_exchanges(v, d);
    }
}

static enum truth policy_is_enforced_by(const struct sts_verdict *v, struct sts_reading reading)
{
    enum truth read = sts_reading_takes(reading, v->policy.readable, v->policy_quirks);
    bool other = v->has_policy && (read == TRUTH_NO || v->policy.mode != STS_MODE_ENFORCE);
    if (v->certificate_disputed && read != TRUTH_NO) { /* as far as it goes, some take the policy */
        read = TRUTH_UNKNOWN;
    }
    switch (v->policy_state) {
    case STS_STATE_UNKNOWN:
        return other ? TRUTH_NO : TRUTH_UNKNOWN;
    case STS_STATE_POLICY_INVALID: /* not by every reader */
    case STS_STATE_MODE_NONE:
    case STS_STATE_TESTING:
    case STS_STATE_ENFORCE:
        return other ? TRUTH_NO : read;
    case STS_STATE_NONE:
    case STS_STATE_RECORD_INVALID:
    case STS_STATE_FETCH_FAILED:
        return TRUTH_NO;
    case STS_STATE_CERTIFICATE_INVALID:
        return other || !v->certificate_disputed ? TRUTH_NO : read;
    case STS_STATE_COUNT:
        break;
    }
    UNREACHABLE("unknown sts_state");
}

enum truth sts_is_enforced_by(const struct sts_verdict *v, struct sts_reading record,
                              struct sts_reading policy)
{
    enum truth read = v->record_known
                          ? sts_reading_takes(record, v->records.readable, v->records.quirks)
                          : TRUTH_UNKNOWN;
    return sts_both(read, policy_is_enforced_by(v, policy));
}
