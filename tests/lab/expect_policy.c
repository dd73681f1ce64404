#include "tests/lab/expect_policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/lab/policy_host.h"

#define ID_MAX      32        /* characters, RFC 8461 section 3.1 */
#define MAX_AGE_MAX 31557600U /* RFC 8461 section 3.2 */
#define FIELD_NAME  32
#define LABEL_MAX   63

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* ---- records: VERSION 1*(*WSP ";" *WSP field) [*WSP ";" *WSP] ---- */

struct field {
    const char *name;
    size_t name_len;
    const char *value;
    size_t value_len;
};

/* 1*(%x21-3A / %x3C / %x3E-7E); a URI may have "=" as well. */
static bool is_value(const struct field *f, bool uri)
{
    for (size_t i = 0; i < f->value_len; i++) {
        char c = f->value[i];
        if (c < 0x21 || c > 0x7e || c == ';' || (c == '=' && !uri)) {
            return false;
        }
    }
    return f->value_len > 0;
}

/* ALPHA / DIGIT, then at most 31 of these and "_", "-", ".". */
static bool is_name(const char *at, size_t len)
{
    bool good = len > 0 && len <= FIELD_NAME && is_alnum(at[0]);
    for (size_t i = 1; good && i < len; i++) {
        good = is_alnum(at[i]) || strchr("_-.", at[i]) != NULL;
    }
    return good;
}

/* The field behind a semicolon. @return false: no more, or (`broken`) none that fits the grammar */
static bool next_field(const char **at, struct field *f, bool *broken)
{
    if (**at == '\0') {
        return false;
    }
    const char *p = *at + 1;
    p += strspn(p, " \t");
    if (*p == '\0') {
        return false;
    }
    size_t len = strcspn(p, ";");
    *at = p + len;
    while (len > 0 && is_blank(p[len - 1])) {
        len--;
    }
    const char *equals = memchr(p, '=', len);
    *broken = equals == NULL || !is_name(p, (size_t)(equals - p));
    if (*broken) {
        return false;
    }
    *f = (struct field){p, (size_t)(equals - p), equals + 1, len - (size_t)(equals - p) - 1};
    return true;
}

static bool is_called(const struct field *f, const char *name)
{
    return f->name_len == strlen(name) && memcmp(f->name, name, f->name_len) == 0;
}

static bool is_id(const struct field *f)
{
    bool good = f->value_len > 0 && f->value_len <= ID_MAX;
    for (size_t i = 0; good && i < f->value_len; i++) {
        good = is_alnum(f->value[i]);
    }
    return good;
}

static bool sts_record_valid(const char *text)
{
    const char *at = strchr(text, ';');
    struct field f;
    bool broken = false;
    bool id = false;
    while (next_field(&at, &f, &broken)) {
        bool first_id = is_called(&f, "id") && !id; /* of duplicates the first counts */
        if (!is_value(&f, false) || (first_id && !is_id(&f))) {
            return false;
        }
        id = id || first_id;
    }
    return id && !broken;
}

/* scheme ":" of RFC 8460 section 3 and something behind it; "!" has to be encoded. */
static bool is_report_uri(const char *at, size_t len)
{
    size_t scheme = len >= 7 && strncasecmp(at, "mailto:", 7) == 0    ? 7
                    : len >= 8 && strncasecmp(at, "https://", 8) == 0 ? 8
                                                                      : 0;
    return scheme > 0 && len > scheme && memchr(at, '!', len) == NULL;
}

static bool is_rua(const struct field *f)
{
    const char *at = f->value;
    const char *end = at + f->value_len;
    for (;;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma != NULL ? comma : end;
        while (at < stop && is_blank(*at)) {
            at++;
        }
        size_t len = (size_t)(stop - at);
        while (len > 0 && is_blank(at[len - 1])) {
            len--;
        }
        struct field uri = {.value = at, .value_len = len};
        if (!is_report_uri(at, len) || !is_value(&uri, true)) {
            return false;
        }
        if (comma == NULL) {
            return true;
        }
        at = comma + 1;
    }
}

static bool rpt_record_valid(const char *text)
{
    const char *at = strchr(text, ';');
    struct field f;
    bool broken = false;
    bool rua = false;
    while (next_field(&at, &f, &broken)) {
        bool is = is_called(&f, "rua");
        if (is ? !is_rua(&f) : !is_value(&f, false)) {
            return false;
        }
        rua = rua || is;
    }
    return rua && !broken;
}

/* The version, then white space as the grammar has it (*WSP ";" *WSP). */
static bool is_spaced_record(const char *text, const char *with)
{
    size_t len = strlen(with) - 1;
    return strncmp(text, with, len) == 0 && text[len + strspn(text + len, " \t")] == ';';
}

/* Of several records those that do not begin with it are discarded; exactly one has to be left. NULL: not
 * so. */
static const char *only_record(const struct expect_texts *t, const char *with)
{
    const char *found = NULL;
    if (t->count == 1 && is_spaced_record(t->text[0], with)) {
        return t->text[0];
    }
    for (size_t i = 0; i < t->count; i++) {
        if (begins(t->text[i], with)) {
            if (found != NULL) {
                return NULL;
            }
            found = t->text[i];
        }
    }
    return found;
}

bool expect_rpt_valid(const struct expect_texts *texts)
{
    const char *record = only_record(texts, "v=TLSRPTv1;");
    return texts->state == DNS_DATA && record != NULL && rpt_record_valid(record);
}

/* Somebody meant MTA-STS: the version, in whatever case and place, quotes around it included. */
static bool means_sts(const char *text)
{
    static const char *const quotes[] = {"\"", "'", "\xe2\x80\x9c", "\xe2\x80\x98"};
    for (size_t i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++) {
        text += begins(text, quotes[i]) ? strlen(quotes[i]) : 0;
    }
    for (; *text != '\0'; text += strcspn(text, ";"), text += *text == ';') {
        text += strspn(text, " \t");
        size_t len = strlen("v=STSv1");
        if (strncasecmp(text, "v=STSv1", len) == 0 && !is_alnum(text[len])) {
            return true;
        }
    }
    return false;
}

/* ---- the policy host ---- */

/* Is there an address that a client may dial, and a server there? */
static bool is_reachable(struct resolve_context *r, const struct world *w, const char *host)
{
    static const uint16_t types[] = {LAB_TYPE_A, LAB_TYPE_AAAA};
    for (size_t t = 0; t < 2; t++) {
        struct resolved answer = resolve(r, span_of(host), types[t]);
        for (size_t i = 0; answer.state == DNS_DATA && i < answer.answer->count; i++) {
            const struct net_addr *a = &answer.answer->rr[i].address;
            if (net_addr_special_purpose(a) == NULL && world_policy_server(w, a)) {
                return true;
            }
        }
    }
    return false;
}

/* RFC 8461 section 3.3: 200 and nothing else, within a minute and 64 KiB. */
static bool is_served(const struct policy_host *h)
{
    bool answers = h->http == LAB_HTTP_ANSWER || h->http == LAB_HTTP_INTERIM;
    bool whole = h->framing == LAB_FRAMING_LENGTH || h->framing == LAB_FRAMING_CHUNKED ||
                 h->framing == LAB_FRAMING_CLOSE;
    return h->server.tls_fate == LAB_TLS_OK && h->server.trait != LAB_TRAIT_DEMANDS_CLIENT &&
           h->server.tls_max >= 0x0303 && answers && h->status == 200 && whole &&
           h->text.fault != LAB_POLICY_FAULT_OVER_64K;
}

static enum tristate certificate_passes(const struct policy_host *h)
{
    const char *chain = expect_chain_status(&h->server.plain);
    if (chain == NULL) {
        return h->server.plain.odd == LAB_ODD_NONE ? TRISTATE_UNSAID : TRISTATE_NO;
    }
    const char *name = expect_name_match(&h->server.plain, span_of(h->name), (struct span){0});
    bool passes = strcmp(chain, "trusted") == 0 && begins(name, "match");
    return passes ? TRISTATE_YES : TRISTATE_NO;
}

/* ---- the policy, RFC 8461 section 3.2 ---- */

struct body {
    bool version;
    bool max_age;
    bool broken;
    char mode[16];
};

/* A Domain of RFC 5321 section 4.1.2, perhaps with "*." in front, and no address. */
static bool is_pattern(const char *at, size_t len)
{
    size_t label = 0;
    bool digits = true;
    if (len > 2 && at[0] == '*' && at[1] == '.') {
        at += 2;
        len -= 2;
    }
    for (size_t i = 0; i < len; i++) {
        bool dot = at[i] == '.';
        bool edge = label == 0 || i + 1 == len || at[i + 1] == '.';
        if (dot ? label == 0 : !is_alnum(at[i]) && (at[i] != '-' || edge)) {
            return false;
        }
        label = dot ? 0 : label + 1;
        digits = dot || (digits && at[i] >= '0' && at[i] <= '9');
        if (label > LABEL_MAX) {
            return false;
        }
    }
    return label > 0 && !digits && len < LAB_NAME_MAX;
}

static bool is_max_age(const char *at, size_t len)
{
    bool good = len > 0 && len <= 10;
    for (size_t i = 0; good && i < len; i++) {
        good = at[i] >= '0' && at[i] <= '9';
    }
    return good;
}

static void read_field(struct body *b, struct expect_sts *out, const struct field *f)
{
    struct span value = {(const uint8_t *)f->value, f->value_len};
    if (is_called(f, "version")) {
        b->broken = b->broken || (!b->version && !span_eq(value, span_of("STSv1")));
        b->version = true;
    } else if (is_called(f, "mode") && b->mode[0] == '\0') {
        (void)snprintf(b->mode, sizeof(b->mode), "%.*s", (int)f->value_len, f->value);
        b->broken = b->broken || b->mode[0] == '\0';
    } else if (is_called(f, "max_age")) {
        b->broken = b->broken || (!b->max_age && !is_max_age(f->value, f->value_len));
        b->max_age = true;
    } else if (is_called(f, "mx")) {
        b->broken = b->broken || !is_pattern(f->value, f->value_len);
        if (!b->broken && out->pattern_count < EXPECT_PATTERNS_MAX) {
            (void)snprintf(out->pattern[out->pattern_count++], LAB_NAME_MAX, "%.*s",
                           (int)f->value_len, f->value);
        }
    }
}

static void read_line(struct body *b, struct expect_sts *out, const char *at, size_t len)
{
    const char *colon = len > 0 ? memchr(at, ':', len) : NULL;
    if (len == 0) {
        return; /* beyond the grammar, but readers stand it */
    }
    size_t key = colon != NULL ? (size_t)(colon - at) : 0;
    while (key > 0 && is_blank(at[key - 1])) {
        key--; /* beyond the grammar, as above */
    }
    if (!is_name(at, key)) {
        b->broken = true;
        return;
    }
    struct field f = {at, key, colon + 1, len - (size_t)(colon - at) - 1};
    while (f.value_len > 0 && is_blank(f.value[0])) {
        f.value++;
        f.value_len--;
    }
    while (f.value_len > 0 && is_blank(f.value[f.value_len - 1])) {
        f.value_len--;
    }
    read_field(b, out, &f);
}

static const char *state_of_body(struct span body, struct expect_sts *out)
{
    struct body b = {0};
    const char *at = (const char *)body.at;
    const char *end = at + body.len;
    if (body.len >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0) {
        at += 3; /* a byte order mark: as an empty line */
    }
    while (at < end) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        const char *stop = lf != NULL ? lf : end;
        size_t len = (size_t)(stop - at);
        read_line(&b, out, at, len > 0 && at[len - 1] == '\r' ? len - 1 : len);
        at = stop + 1;
    }
    bool none = strcmp(b.mode, "none") == 0;
    if (b.broken || !b.version || !b.max_age || (out->pattern_count == 0 && !none)) {
        return "policy_invalid";
    }
    return none                             ? "mode_none"
           : strcmp(b.mode, "testing") == 0 ? "testing"
           : strcmp(b.mode, "enforce") == 0 ? "enforce"
                                            : "policy_invalid";
}

/* One record as in RFC 8461 section 3.1: what is beside it, or more in it, not all readers take. */
static bool record_divides(const struct expect_texts *texts)
{
    static const char begin[] = "v=STSv1; id=";
    if (texts->count != 1 || !begins(texts->text[0], begin)) {
        return texts->count > 0;
    }
    const char *at = texts->text[0] + strlen(begin);
    while (is_alnum(*at)) {
        at++;
    }
    size_t id = (size_t)(at - texts->text[0]) - strlen(begin);
    return id == 0 || id > ID_MAX || (*at != '\0' && strcmp(at, ";") != 0);
}

/* A policy that is not made by the rules throughout, or an answer with a head or body out of the common. */
static bool policy_divides(const struct policy_host *h)
{
    return h->text.fault != LAB_POLICY_FAULT_NONE || h->text.lines[0] != '\0' ||
           strcmp(h->media, "text/plain") != 0 ||
           strtoull(h->text.max_age, NULL, 10) > MAX_AGE_MAX || h->http == LAB_HTTP_HEADER_FLOOD ||
           h->http == LAB_HTTP_LONG_HEADER || h->http == LAB_HTTP_ENDLESS_INTERIM ||
           h->framing == LAB_FRAMING_ENDLESS || h->framing >= LAB_FRAMING_CHUNKED_ENDLESS;
}

static const char *state_of_policy(const struct world *w, struct resolve_context *resolver,
                                   const char *domain, struct expect_sts *out)
{
    char host[LAB_NAME_MAX + 16];
    struct policy_host h;
    policy_host_init(&h);
    (void)snprintf(host, sizeof(host), POLICY_HOST_PREFIX "%s", domain);
    if (!is_reachable(resolver, w, host) || !world_policy(w, span_of(host), &h) || !is_served(&h)) {
        out->divides = out->divides || policy_divides(&h);
        return "fetch_failed";
    }
    out->divides = out->divides || policy_divides(&h);
    enum tristate certificate = certificate_passes(&h);
    if (certificate != TRISTATE_YES) {
        return certificate == TRISTATE_NO ? "certificate_invalid" : NULL;
    }
    if (h.text.fault == LAB_POLICY_FAULT_NUL || h.text.fault == LAB_POLICY_FAULT_LATIN_1) {
        return NULL; /* in an extension: readers differ */
    }
    struct buf body = BUF_INIT(BUF_NO_LIMIT);
    world_policy_body(w, &h, &body);
    const char *state = state_of_body(buf_span(&body), out);
    buf_deinit(&body);
    return state;
}

void expect_sts(const struct world *w, struct resolve_context *resolver,
                const struct expect_texts *texts, const char *domain, struct expect_sts *out)
{
    bool meant = false;
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < texts->count; i++) {
        meant = meant || means_sts(texts->text[i]);
    }
    out->divides = meant && record_divides(texts);
    const char *record = only_record(texts, "v=STSv1;");
    if (texts->state == DNS_NODATA || texts->state == DNS_NXDOMAIN) {
        out->state = "none";
    } else if (texts->state != DNS_DATA) {
        out->state = "unknown";
    } else if (record == NULL || !sts_record_valid(record)) {
        out->state = meant ? "record_invalid" : "none";
    } else {
        out->state = state_of_policy(w, resolver, domain, out);
    }
    out->has_policy = out->state != NULL &&
                      (strcmp(out->state, "enforce") == 0 || strcmp(out->state, "testing") == 0);
}

bool expect_covered(const struct expect_sts *s, const char *exchange)
{
    const char *dot = strchr(exchange, '.');
    for (size_t i = 0; i < s->pattern_count; i++) {
        const char *p = s->pattern[i];
        if (strcasecmp(p, exchange) == 0 ||
            (begins(p, "*.") && dot != NULL && strcasecmp(p + 1, dot) == 0)) {
            return true;
        }
    }
    return false;
}

/* ---- DANE, RFC 7672 ---- */

static bool is_answer(enum dns_state s)
{
    return s == DNS_DATA || s == DNS_NODATA || s == DNS_NXDOMAIN;
}

/* RFC 7672 section 3.1 and 3.1.3, RFC 6698 section 2.1. */
static bool is_usable(struct span r)
{
    size_t digest = r.len - 3;
    if (r.len < 3 || (r.at[0] != 2 && r.at[0] != 3) || r.at[1] > 1 || r.at[2] > 2) {
        return false;
    }
    return r.at[2] == 0 ? digest > 0 : digest == (r.at[2] == 1 ? 32U : 64U);
}

static void keep_usable(const struct zone_answer *a, struct expect_dane *out)
{
    for (size_t i = 0; i < a->count; i++) {
        struct span r = zone_rr_span(a, &a->rr[i]);
        if (!is_usable(r)) {
            continue;
        }
        if (out->count == EXPECT_TLSA_MAX) {
            out->many = true;
            return;
        }
        out->record[out->count++] =
            (struct expect_tlsa){r.at[0], r.at[1], r.at[2], a->rr[i].tlsa_data};
    }
}

/* @return false: no secure records there, so that another base domain may be tried */
static bool look_at(struct resolve_context *resolver, const char *base, struct expect_dane *out)
{
    char owner[LAB_NAME_MAX + 16];
    (void)snprintf(owner, sizeof(owner), "_25._tcp.%s", base);
    struct resolved r = resolve(resolver, span_of(owner), LAB_TYPE_TLSA);
    memcpy(out->base, base, strlen(base) + 1);
    if (!is_answer(r.state)) {
        out->state = "lookup_failed";
        return true;
    }
    if (r.state != DNS_DATA) {
        out->state = "none";
        return false;
    }
    if (!r.ad) {
        out->state = "tlsa_insecure";
        return false;
    }
    keep_usable(r.answer, out);
    out->state = out->count > 0 ? "usable" : "unusable";
    return true;
}

void expect_dane_host(struct resolve_context *resolver, const char *host, struct expect_dane *out)
{
    char end[LAB_NAME_MAX];
    memset(out, 0, sizeof(*out));
    struct resolved a = resolve(resolver, span_of(host), LAB_TYPE_A);
    enum dns_state states[2] = {a.state};
    bool alias = a.cnames > 0;
    memcpy(end, a.name, sizeof(end));
    struct resolved aaaa = resolve(resolver, span_of(host), LAB_TYPE_AAAA);
    states[1] = aaaa.state;
    if (!is_answer(states[0]) || !is_answer(states[1])) {
        return; /* what the addresses are is not known */
    }
    if (states[0] != DNS_DATA && states[1] != DNS_DATA) {
        return; /* no host that mail could go to */
    }
    if (states[0] == states[1] && a.ad != aaaa.ad) {
        return; /* DANE is for the addresses of one family alone */
    }
    bool secure = states[0] == DNS_DATA ? a.ad : aaaa.ad;
    if (!secure) { /* RFC 7672 section 2.2.2: no TLSA records are looked up */
        if (alias && resolve(resolver, span_of(host), LAB_TYPE_CNAME).ad) {
            (void)look_at(resolver, host, out);
            return;
        }
        (void)look_at(resolver, host, out);
        bool none = strcmp(out->state, "none") == 0 || strcmp(out->state, "lookup_failed") == 0;
        *out = (struct expect_dane){.state = none ? "none" : "host_insecure"};
        return;
    }
    if (!alias || !look_at(resolver, end, out)) {
        (void)look_at(resolver, host, out);
    }
}

/* RFC 7671 section 9: of one usage and selector the strongest digest alone, and whole certificates. */
static bool is_in_force(const struct expect_dane *d, const struct expect_tlsa *r)
{
    for (size_t i = 0; i < d->count; i++) {
        const struct expect_tlsa *o = &d->record[i];
        if (o->usage == r->usage && o->selector == r->selector && r->matching == 1 &&
            o->matching == 2) {
            return false;
        }
    }
    return true;
}

/* Is there a path from the leaf to the issuer in the list, within its validity, and the name there? */
static bool anchor_passes(const struct cert_choice *c, const char *host, const char *base)
{
    bool listed = c->class != LAB_CERT_MISSING_INTERMEDIATE && c->chain != LAB_CHAIN_ONE;
    bool valid = c->class != LAB_CERT_EXPIRED && c->class != LAB_CERT_NOT_YET_VALID;
    bool named = begins(expect_name_match(c, span_of(host), (struct span){0}), "match") ||
                 begins(expect_name_match(c, span_of(base), (struct span){0}), "match");
    return listed && valid && named;
}

static enum tristate matches(const struct expect_dane *d, const struct cert_choice *c,
                             const char *host)
{
    /* What is issuer and leaf at once, or another CA's, would match in more ways than these. */
    bool plain = c->odd == LAB_ODD_NONE && c->class != LAB_CERT_SELF_SIGNED &&
                 c->class != LAB_CERT_PRIVATE_CA;
    bool unsaid = d->many;
    for (size_t i = 0; i < d->count; i++) {
        const struct expect_tlsa *r = &d->record[i];
        if (!is_in_force(d, r)) {
            continue;
        }
        if (r->data == LAB_TLSA_RIGHT && r->usage == 3) {
            return TRISTATE_YES;
        }
        bool anchor = r->data == LAB_TLSA_RIGHT && r->usage == 2;
        if (anchor && plain && anchor_passes(c, host, d->base)) {
            return TRISTATE_YES;
        }
        unsaid = unsaid || ((anchor || r->data == LAB_TLSA_OTHER_USAGE) && !plain);
    }
    return unsaid ? TRISTATE_UNSAID : TRISTATE_NO;
}

const char *expect_dane_status(const struct expect_dane *d, const struct service *server,
                               const struct expected_session *session, const char *host)
{
    if (d->state == NULL || server->unstable || server->flaky) {
        return NULL;
    }
    if (strcmp(d->state, "lookup_failed") == 0) {
        return "failed";
    }
    if (strcmp(d->state, "usable") != 0) {
        return strcmp(d->state, "unusable") == 0 ? "unusable" : "none";
    }
    if (session->outcome != OUTCOME_ESTABLISHED) {
        return outcome_info(session->outcome)->conclusive ? "no_tls" : "unknown";
    }
    switch (matches(d, &session->cert, host)) {
    case TRISTATE_YES:
        return "match";
    case TRISTATE_NO:
        return "mismatch";
    case TRISTATE_UNSAID:
        break;
    }
    return NULL;
}
