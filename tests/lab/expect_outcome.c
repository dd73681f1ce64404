#include "tests/lab/expect_outcome.h"

#include <string.h>

#include "tests/lab/json.h"

#define OPEN_MAX 6 /* addresses of which it is not known what they do: each combination is tried */

static bool is_one_of(const char *word, const char *one, const char *other)
{
    return word != NULL && (strcmp(word, one) == 0 || strcmp(word, other) == 0);
}

/* ---- MTA-STS, RFC 8461 sections 4.2 and 7.2 ---- */

static enum tristate sts_passes(const struct expect_endpoint *e)
{
    if (!outcome_info(e->with.outcome)->conclusive) {
        return TRISTATE_UNSAID;
    }
    if (e->with.outcome != OUTCOME_ESTABLISHED || e->with.tls_version < 0x0303) {
        return TRISTATE_NO;
    }
    return e->passes;
}

/* The verdict is OpenSSL's at its default level, to which such a key is too weak; others may take it. */
static enum tristate sts_verdict(const struct expect_endpoint *e)
{
    bool weak = e->with.outcome == OUTCOME_ESTABLISHED && e->with.cert.key == LAB_KEY_RSA_1024;
    return weak ? TRISTATE_NO : sts_passes(e);
}

void expect_put_sts_mx(struct buf *out, const struct expect_mail *m, const struct expect_sts *s)
{
    json_put_key(out, "sts_mx");
    if (!s->has_policy) {
        buf_put_text(out, "null");
        return;
    }
    buf_put_char(out, '[');
    for (size_t i = 0; i < m->host_count; i++) {
        const struct expect_host *h = &m->host[i];
        size_t n[3] = {0};
        for (size_t k = h->first; k < h->first + h->count; k++) {
            n[sts_verdict(&m->endpoint[k])]++;
        }
        json_separate(out);
        buf_put_char(out, '{');
        if (h->usable) {
            json_put_bool(out, "covered", expect_covered(s, h->exchange));
        }
        json_put_number(out, "pass", n[TRISTATE_YES]);
        json_put_number(out, "fail", n[TRISTATE_NO]);
        json_put_number(out, "unknown", n[TRISTATE_UNSAID]);
        buf_put_char(out, '}');
    }
    buf_put_char(out, ']');
}

/* ---- DANE over the MX set, RFC 7672 section 2.2 ---- */

void expect_put_dane(struct buf *out, const struct expect_mail *m)
{
    size_t failed = 0;
    size_t unsaid = m->kind == MX_KIND_UNKNOWN || m->mx_cut;
    size_t usable = 0;
    size_t unusable = 0;
    size_t without = 0;
    size_t ineffective = 0;
    for (size_t i = 0; i < m->host_count; i++) {
        const struct expect_host *h = &m->host[i];
        if (!h->usable) {
            continue;
        }
        bool insecure = is_one_of(h->dane, "tlsa_insecure", "host_insecure");
        unsaid += h->dane == NULL;
        failed += is_one_of(h->dane, "lookup_failed", "lookup_failed");
        usable += is_one_of(h->dane, "usable", "usable");
        unusable += is_one_of(h->dane, "unusable", "unusable");
        ineffective += insecure;
        without += insecure || is_one_of(h->dane, "none", "none");
        for (size_t k = h->first; k < h->first + h->count; k++) {
            failed += is_one_of(m->endpoint[k].dane, "mismatch", "no_tls");
            unsaid += m->endpoint[k].dane == NULL;
        }
    }
    const char *state = failed > 0        ? "failed"
                        : unsaid > 0      ? NULL
                        : usable > 0      ? (without + unusable > 0 ? "partial" : "full")
                        : unusable > 0    ? "unusable" /* RFC 7672 section 3.1.3 */
                        : ineffective > 0 ? "ineffective"
                                          : "none";
    json_put_word(out, "dane_state", state);
}

/* ---- senders ---- */

enum result {
    FAILS = 1,    /* the sender goes on */
    RETURNED = 2, /* the mail, to its author */
    PLAINTEXT = 4,
    ENCRYPTED = 8,
    AUTHENTICATED = 16,
    DEFERRED = 32,    /* and no other is tried */
    CLEAR_LATER = 64, /* FAILS while the message is fresh, PLAINTEXT once it has waited */
};

/* Mail for which there is no server. */
enum nowhere {
    NOWHERE_RETURNED,
    NOWHERE_RETRIED,   /* but at a null MX */
    NOWHERE_NOT_KNOWN, /* which of both */
};

struct sender {
    const char *id;
    uint16_t tls_min;
    bool sni;
    bool strict;           /* a certificate that passes, or nothing */
    bool sts;              /* keeps to MTA-STS; DANE comes first, RFC 8461 section 2 */
    bool both;             /* and both have to pass */
    bool whole_domain;     /* records at one exchange leave MTA-STS out at all of them */
    bool patterns;         /* the certificate alone is held against the policy */
    bool dane;             /* RFC 7672 */
    bool dane_insecure_mx; /* also where the MX records are not secure */
    unsigned tls_fails;    /* TLS fails where no policy demands it */
    size_t bears;          /* addresses that fail before it may give up; 0: any number */
    bool one_of_host;      /* of a host's addresses that connect it tries one, whichever it is */
    size_t takes;          /* it has so many addresses, of which it tries all; 0: no such number */
    unsigned rejected;     /* what a 5xx to STARTTLS comes to, where TLS is demanded */
    bool asks;             /* sends STARTTLS also where it is not offered */
    bool maybe_v6;         /* whether it has IPv6 is not known */
    enum nowhere nowhere;  /* where DNS leads to no server */
    unsigned closed; /* what a refusal comes to that ends the session, where TLS is not demanded */
    unsigned hidden; /* what it says to a greeting without text */
};

enum hello {
    HELLO_UNKNOWN,
    HELLO_EHLO,
    HELLO_HELO
};

/* As in datasets/sender-profiles/profiles.json. */
static const struct sender senders[] = {
    {.id = "strict-pkix",
     .tls_min = 0x0303,
     .sni = true,
     .strict = true,
     .bears = 2,
     .rejected = FAILS},
    {.id = "postfix-may",
     .tls_min = 0x0301,
     .tls_fails = CLEAR_LATER,
     .bears = 2,
     .takes = 5,
     .closed = FAILS,
     .hidden = HELLO_HELO},
    {.id = "postfix-dane",
     .tls_min = 0x0301,
     .dane = true,
     .dane_insecure_mx = true,
     .tls_fails = CLEAR_LATER,
     .bears = 2,
     .takes = 5,
     .rejected = RETURNED,
     .closed = FAILS,
     .hidden = HELLO_HELO},
    {.id = "postfix-sts-plugin",
     .tls_min = 0x0301,
     .sni = true,
     .sts = true,
     .whole_domain = true,
     .patterns = true,
     .dane = true,
     .dane_insecure_mx = true,
     .tls_fails = CLEAR_LATER,
     .bears = 2,
     .takes = 5,
     .rejected = RETURNED,
     .closed = FAILS,
     .hidden = HELLO_HELO},
    {.id = "gmail",
     .maybe_v6 = true,
     .nowhere = NOWHERE_NOT_KNOWN,
     .tls_min = 0x0301,
     .sni = true,
     .sts = true,
     .tls_fails = PLAINTEXT,
     .bears = 2,
     .rejected = FAILS | RETURNED,
     .closed = FAILS | DEFERRED | PLAINTEXT},
    {.id = "mox",
     .nowhere = NOWHERE_RETRIED,
     .tls_min = 0x0303,
     .sni = true,
     .sts = true,
     .dane = true,
     .tls_fails = PLAINTEXT,
     .one_of_host = true,
     .both = true,
     .asks = true,
     .rejected = RETURNED,
     .closed = PLAINTEXT,
     .hidden = HELLO_EHLO},
    {.id = "exchange-online",
     .nowhere = NOWHERE_NOT_KNOWN,
     .tls_min = 0x0303,
     .sni = true,
     .sts = true,
     .dane = true,
     .tls_fails = FAILS,
     .bears = 2,
     .rejected = FAILS | RETURNED,
     .closed = FAILS | DEFERRED | PLAINTEXT},
};

/* What a session is to a sender: the handshake done, TLS not to be had, the next address, or not
 * known because another visit may end in another way. */
enum session_kind {
    SESSION_TLS,
    SESSION_NO_STARTTLS,
    SESSION_REJECTED, /* 5xx to STARTTLS */
    SESSION_CLOSED,   /* with 4xx to STARTTLS */
    SESSION_TLS_FAILS,
    SESSION_NOBODY,
    SESSION_OPEN,
};

static enum session_kind kind_of(const struct sender *s, const struct expected_session *e)
{
    if (e->outcome == OUTCOME_REFUSED) {
        return SESSION_NOBODY;
    }
    if (!outcome_info(e->outcome)->conclusive || (e->hidden && s->hidden == HELLO_UNKNOWN)) {
        return SESSION_OPEN;
    }
    if (e->hidden && s->hidden == HELLO_HELO) {
        return SESSION_NO_STARTTLS; /* RFC 1869 section 4.1.1: HELO has no list */
    }
    if (e->outcome == OUTCOME_ESTABLISHED) {
        return e->tls_version >= s->tls_min ? SESSION_TLS : SESSION_TLS_FAILS;
    }
    bool offered = e->starttls != STARTTLS_NOT_OFFERED && e->starttls != STARTTLS_MASKED;
    return !offered                                  ? SESSION_NO_STARTTLS
           : e->outcome == OUTCOME_STARTTLS_REJECTED ? SESSION_REJECTED
           : e->closes                               ? SESSION_CLOSED
                                                     : SESSION_TLS_FAILS;
}

/* Nobody heard what it says to STARTTLS. */
static unsigned unheard(const struct sender *s)
{
    return FAILS | (s->rejected & RETURNED);
}

/* A check that a policy demands: `passes`, or the next address. */
static unsigned demanded(const struct sender *s, enum session_kind kind, enum tristate passes,
                         unsigned good)
{
    switch (kind) {
    case SESSION_TLS:
        return passes == TRISTATE_YES ? good : passes == TRISTATE_NO ? FAILS : good | FAILS;
    case SESSION_OPEN:
        return good | unheard(s);
    case SESSION_NO_STARTTLS: /* RFC 3207 section 4: whoever asks learns more than this client did */
        return s->asks ? good | unheard(s) : FAILS;
    case SESSION_REJECTED:
        return s->rejected;
    case SESSION_CLOSED:
    case SESSION_TLS_FAILS:
    case SESSION_NOBODY:
        break;
    }
    return FAILS;
}

static unsigned by_own_level(const struct sender *s, const struct expect_endpoint *e)
{
    enum session_kind kind = kind_of(s, s->sni ? &e->with : &e->without);
    if (s->strict) {
        return demanded(s, kind, s->sni ? e->passes : e->default_passes, AUTHENTICATED);
    }
    switch (kind) {
    case SESSION_TLS:
        return ENCRYPTED;
    case SESSION_NO_STARTTLS:
        return PLAINTEXT;
    case SESSION_CLOSED:
        return s->closed;
    case SESSION_REJECTED:
    case SESSION_TLS_FAILS:
        return s->tls_fails;
    case SESSION_NOBODY:
        return FAILS;
    case SESSION_OPEN:
        break;
    }
    return FAILS | PLAINTEXT | ENCRYPTED;
}

static bool uses_dane(const struct sender *s, const struct expect_mail *m)
{
    return s->dane && (s->dane_insecure_mx || m->mx_ad);
}

static bool some_host_is(const struct expect_mail *m, const char *one, const char *other)
{
    for (size_t i = 0; i < m->host_count; i++) {
        if (m->host[i].usable && is_one_of(m->host[i].dane, one, other)) {
            return true;
        }
    }
    return false;
}

static bool asks_for_policy(const struct sender *s, const struct expect_mail *m)
{
    return s->sts && !(s->whole_domain && some_host_is(m, "usable", "unusable"));
}

static bool is_enforced(const struct sender *s, const struct expect_mail *m,
                        const struct expect_sts *sts)
{
    return asks_for_policy(s, m) && is_one_of(sts->state, "enforce", "enforce");
}

/* Nobody could ask for the record: there may be a policy. */
static bool may_be_enforced(const struct sender *s, const struct expect_mail *m,
                            const struct expect_sts *sts)
{
    return asks_for_policy(s, m) && is_one_of(sts->state, "unknown", "unknown");
}

/* What an address that is not known may do to this sender. */
static unsigned any_result(const struct sender *s, const struct expect_mail *m,
                           const struct expect_sts *sts, const struct expect_host *h)
{
    bool dane = uses_dane(s, m) && !is_one_of(h->dane, "none", "host_insecure") &&
                !is_one_of(h->dane, "tlsa_insecure", "unusable");
    bool checks = s->strict || is_enforced(s, m, sts) || (dane && h->dane != NULL);
    if (checks) {
        return unheard(s) | AUTHENTICATED;
    }
    unsigned more = dane || may_be_enforced(s, m, sts) ? AUTHENTICATED : 0;
    return FAILS | PLAINTEXT | ENCRYPTED | more;
}

static bool is_turned_away(const struct expect_endpoint *e)
{
    return e->with.outcome == OUTCOME_GREETING_REJECTED || e->with.outcome == OUTCOME_EHLO_REJECTED;
}

static enum tristate both_of(enum tristate a, enum tristate b)
{
    return a == TRISTATE_NO || b == TRISTATE_NO     ? TRISTATE_NO
           : a == TRISTATE_YES && b == TRISTATE_YES ? TRISTATE_YES
                                                    : TRISTATE_UNSAID;
}

static unsigned results_when_let_in(const struct sender *s, const struct expect_mail *m,
                                    const struct expect_sts *sts, const struct expect_host *h,
                                    const struct expect_endpoint *e)
{
    enum session_kind kind = kind_of(s, &e->with);
    bool both = s->both && is_enforced(s, m, sts);
    enum tristate besides = both                                    ? sts_passes(e)
                            : s->both && may_be_enforced(s, m, sts) ? TRISTATE_UNSAID
                                                                    : TRISTATE_YES;
    if ((both && !expect_covered(sts, h->exchange)) ||
        (s->whole_domain && some_host_is(m, "lookup_failed", "lookup_failed"))) {
        return FAILS;
    }
    if (uses_dane(s, m)) {
        if (is_one_of(h->dane, "lookup_failed", "lookup_failed")) {
            return FAILS;
        }
        if (is_one_of(h->dane, "unusable", "unusable")) {
            return demanded(s, kind, besides, both ? AUTHENTICATED : ENCRYPTED);
        }
        if (is_one_of(h->dane, "usable", "usable")) {
            enum tristate passes = is_one_of(e->dane, "match", "match")         ? TRISTATE_YES
                                   : is_one_of(e->dane, "mismatch", "mismatch") ? TRISTATE_NO
                                                                                : TRISTATE_UNSAID;
            return demanded(s, kind, both_of(passes, besides), AUTHENTICATED);
        }
    }
    if (is_enforced(s, m, sts)) {
        return expect_covered(sts, h->exchange) ? demanded(s, kind, sts_passes(e), AUTHENTICATED)
                                                : FAILS;
    }
    unsigned own = by_own_level(s, e);
    return may_be_enforced(s, m, sts) && own != FAILS ? own | FAILS | AUTHENTICATED : own;
}

/* Some senders return mail at a 5xx to their greeting. */
static unsigned results(const struct sender *s, const struct expect_mail *m,
                        const struct expect_sts *sts, const struct expect_host *h,
                        const struct expect_endpoint *e)
{
    unsigned set = results_when_let_in(s, m, sts, h, e);
    return set != FAILS && is_turned_away(e) ? set | RETURNED : set;
}

/* ---- the walk over all exchanges, for one possibility ---- */

struct candidate {
    unsigned set; /* of enum result */
    bool begins;  /* the first of its preference */
    bool distant; /* it may have no way to it, which is no session that fails */
    bool several; /* it stands for nobody knows how many addresses */
    size_t host;
    bool connects; /* or may */
};

struct walk {
    struct candidate item[DOMAIN_ENDPOINTS_MAX + MX_MAX];
    size_t count;
    size_t open[OPEN_MAX];
    size_t open_count;
    bool uncounted; /* there may be more */
    bool one_of_host;
    unsigned best; /* sets of what it may be, with DEFERRED */
    unsigned worst;
};

#define RESULTS 6 /* one for each bit up to DEFERRED */

struct attempt {
    unsigned best; /* of enum result, or DEFERRED */
    unsigned worst;
};

static unsigned rank(unsigned result)
{
    return result == DEFERRED ? RETURNED * 2 - 1 : result; /* worse than cleartext */
}

static unsigned better(unsigned a, unsigned b)
{
    return a == 0 || rank(b) > rank(a) ? b : a;
}

static unsigned worse(unsigned a, unsigned b)
{
    return a == 0 || rank(b) < rank(a) ? b : a;
}

/* A preference, candidates [from, to): may those that fail be the ones that stand for their hosts? */
static bool may_be_missed(const struct walk *w, const unsigned *now, size_t from, size_t to)
{
    for (size_t i = from; i < to;) {
        size_t end = i;
        bool connects = false;
        bool fails = false;
        for (; end < to && w->item[end].host == w->item[i].host; end++) {
            connects = connects || w->item[end].connects;
            fails = fails || (w->item[end].connects && now[end] == FAILS);
        }
        if (connects && !fails) {
            return false;
        }
        i = end;
    }
    return true;
}

/* @param later what CLEAR_LATER is in this one */
static struct attempt attempt_once(const struct walk *w, const unsigned *all, unsigned later)
{
    unsigned now[DOMAIN_ENDPOINTS_MAX + MX_MAX];
    struct attempt a = {0};
    bool missed = true;
    for (size_t i = 0; i < w->count; i++) {
        now[i] = all[i] == CLEAR_LATER ? later : all[i];
    }
    for (size_t from = 0; from < w->count && missed;) {
        size_t to = from;
        bool taken = false;
        do {
            taken = taken || now[to] != FAILS;
            a.best = now[to] != FAILS ? better(a.best, now[to]) : a.best;
            a.worst = now[to] != FAILS ? worse(a.worst, now[to]) : a.worst;
            to++;
        } while (to < w->count && !w->item[to].begins);
        missed = !taken || (w->one_of_host && may_be_missed(w, now, from, to));
        from = to;
    }
    a.best = a.best != 0 ? a.best : DEFERRED;
    a.worst = missed ? worse(a.worst, DEFERRED) : a.worst;
    return a;
}

/* A message that nobody takes waits; one that somebody would have taken may have waited for another reason. */
static void walk_once(struct walk *w, const unsigned *now)
{
    struct attempt fresh = attempt_once(w, now, FAILS);
    struct attempt waited = attempt_once(w, now, PLAINTEXT);
    w->best |= better(fresh.best == DEFERRED ? waited.best : fresh.best, waited.best);
    w->worst |= worse(fresh.worst == DEFERRED ? waited.worst : fresh.worst, waited.worst);
}

static void walk_all(struct walk *w)
{
    unsigned now[DOMAIN_ENDPOINTS_MAX + MX_MAX];
    size_t combinations = 1;
    for (size_t i = 0; i < w->count; i++) {
        now[i] = w->item[i].set;
    }
    for (size_t k = 0; k < w->open_count; k++) {
        combinations *= RESULTS;
    }
    for (size_t c = 0; c < combinations; c++) {
        bool possible = true;
        size_t rest = c;
        for (size_t k = 0; k < w->open_count; k++, rest /= RESULTS) {
            unsigned result = 1U << rest % RESULTS;
            possible = possible && (w->item[w->open[k]].set & result) != 0;
            now[w->open[k]] = result;
        }
        if (possible) {
            walk_once(w, now);
        }
    }
}

/* @return false: there is too much that is open */
static bool add_candidate(struct walk *w, struct candidate c, bool *begins)
{
    if (w->count == sizeof(w->item) / sizeof(w->item[0])) {
        return false;
    }
    if ((c.set & (c.set - 1)) != 0) {
        if (w->open_count == OPEN_MAX) {
            return false;
        }
        w->open[w->open_count++] = w->count;
    }
    c.begins = *begins;
    w->item[w->count++] = c;
    *begins = false;
    return true;
}

/* The names of a certificate are not said here: whether it is for another pattern is left to tests. */
static bool is_told_by_patterns(const struct sender *s, const struct expect_mail *m,
                                const struct expect_sts *sts, const struct expect_host *h,
                                const struct expect_endpoint *e)
{
    bool named = expect_covered(sts, h->exchange) && e->passes == TRISTATE_YES &&
                 e->with.tls_version >= 0x0303;
    return !s->patterns || !is_enforced(s, m, sts) || e->with.outcome != OUTCOME_ESTABLISHED ||
           named;
}

/* @return false: something is not said that decides. What divides senders is left to tests of each. */
static bool add_host(struct walk *w, const struct sender *s, const struct expect_mail *m,
                     const struct expect_sts *sts, size_t i, bool *begins)
{
    const struct expect_host *h = &m->host[i];
    struct candidate own = {.set = FAILS | RETURNED, .host = i, .connects = true};
    if (h->own && !add_candidate(w, own, begins)) {
        return false;
    }
    if (!h->usable) {
        return true;
    }
    w->uncounted = w->uncounted || h->open;
    struct candidate any = {
        .set = any_result(s, m, sts, h), .host = i, .connects = true, .several = true};
    if (h->open && !add_candidate(w, any, begins)) {
        return false;
    }
    for (size_t k = h->count; k < h->addresses; k++) { /* tried in vain */
        if (!add_candidate(w, (struct candidate){.set = FAILS, .host = i}, begins)) {
            return false;
        }
    }
    for (size_t k = h->first; k < h->first + h->count; k++) {
        const struct expect_endpoint *e = &m->endpoint[k];
        bool said = !uses_dane(s, m) || (h->dane != NULL && e->dane != NULL);
        bool asks = s->strict || is_enforced(s, m, sts);
        bool session = e->with.outcome == OUTCOME_ESTABLISHED;
        bool distant = s->maybe_v6 && e->v6;
        unsigned set = results(s, m, sts, h, e);
        struct candidate c = {.set = distant ? set | FAILS : set,
                              .host = i,
                              .connects = e->with.outcome != OUTCOME_REFUSED,
                              .distant = distant && (set & FAILS) == 0};
        if (!said || !is_told_by_patterns(s, m, sts, h, e) || e->with.divides ||
            e->without.divides || (asks && session && e->passes == TRISTATE_UNSAID) ||
            !add_candidate(w, c, begins)) {
            return false;
        }
    }
    return true;
}

static const char *word_of(unsigned set)
{
    static const char *const words[] = {"",          "undeliverable", "plaintext",
                                        "encrypted", "authenticated", "deferred"};
    for (unsigned k = 1; k < sizeof(words) / sizeof(words[0]); k++) {
        if (set == 1U << k) {
            return words[k];
        }
    }
    return "unknown";
}

static void put_pair(struct buf *out, const char *id, const char *best, const char *worst)
{
    json_put_key(out, id);
    if (best == NULL) {
        buf_put_text(out, "null");
        return;
    }
    buf_put_char(out, '[');
    json_put_text(out, span_of(best));
    json_separate(out);
    json_put_text(out, span_of(worst));
    buf_put_char(out, ']');
}

static void put_nowhere(struct buf *out, const struct sender *s, bool null_mx)
{
    bool returns = s->nowhere != NOWHERE_RETRIED || null_mx;
    bool retries = s->nowhere == NOWHERE_NOT_KNOWN || !returns;
    put_pair(out, s->id, retries ? "deferred" : "undeliverable",
             returns ? "undeliverable" : "deferred");
}

/* Is somebody left who may take it, after as many failures as this sender may bear? */
static bool ends_early(const struct sender *s, const struct walk *w)
{
    size_t failed = 0;
    bool taken = false;
    bool bears = s->bears == 0 || (w->count <= s->takes && !w->uncounted);
    for (size_t i = 0; !bears && i < w->count; i++) {
        if (w->item[i].begins && taken) {
            return false;
        }
        bool fails = (w->item[i].set & (FAILS | CLEAR_LATER)) != 0;
        failed += !fails || w->item[i].distant ? 0 : w->item[i].several ? s->bears : 1;
        taken = taken || !fails;
        bool last = i + 1 == w->count || w->item[i + 1].begins;
        for (size_t k = i; last && failed >= s->bears; k--) {
            if (w->item[k].set != FAILS) {
                return true;
            }
            if (w->item[k].begins || k == 0) {
                break;
            }
        }
    }
    return false;
}

/* Addresses of IPv6 and no others, to who may not have it: RFC 3596. */
static bool is_out_of_reach(const struct sender *s, const struct expect_mail *m)
{
    size_t v6 = 0;
    for (size_t i = 0; s->maybe_v6 && i < m->host_count; i++) {
        const struct expect_host *h = &m->host[i];
        if (h->usable && (h->open || h->addresses > h->v6_addresses)) {
            return false;
        }
        v6 += h->v6_addresses;
    }
    return v6 > 0;
}

/* Special-purpose addresses (RFC 6890) and no others: some leave them out as if there were none. */
static bool is_nobodys(const struct sender *s, const struct expect_mail *m)
{
    bool some = false;
    for (size_t i = 0; i < m->host_count; i++) {
        const struct expect_host *h = &m->host[i];
        if (h->own || h->open || h->count > 0) {
            return false;
        }
        some = some || (h->usable && h->addresses > 0);
    }
    return some && s->nowhere == NOWHERE_NOT_KNOWN;
}

static void put_walk(struct buf *out, const struct sender *s, const struct expect_mail *m,
                     const struct expect_sts *sts)
{
    struct walk w = {.one_of_host = s->one_of_host};
    bool said = !m->divides && (!s->sts || (sts->state != NULL && !sts->divides));
    for (size_t i = 0; s->whole_domain && i < m->host_count; i++) {
        said = said && m->host[i].dane != NULL;
    }
    bool begins = false;
    bool addressed = false;
    for (size_t i = 0; i < m->host_count && said; i++) {
        addressed = addressed || m->host[i].addressed || m->host[i].open;
        begins = begins || (i > 0 && m->host[i].preference != m->host[i - 1].preference);
        said = add_host(&w, s, m, sts, i, &begins);
    }
    if (said && !addressed) { /* no exchange that can be used: RFC 5321 section 5.1 */
        put_nowhere(out, s, false);
        return;
    }
    if (said && is_out_of_reach(s, m)) {
        put_pair(out, s->id, "unknown", "unknown");
        return;
    }
    if (said && is_nobodys(s, m)) {
        put_pair(out, s->id, "deferred", "undeliverable");
        return;
    }
    said = said && !ends_early(s, &w);
    walk_all(&w);
    put_pair(out, s->id, said ? word_of(w.best) : NULL, word_of(w.worst));
}

void expect_put_deliveries(struct buf *out, const struct expect_mail *m,
                           const struct expect_sts *sts)
{
    json_put_key(out, "deliveries");
    buf_put_char(out, '{');
    for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++) {
        bool mail = m->kind == MX_KIND_EXPLICIT || m->kind == MX_KIND_IMPLICIT;
        bool open = m->kind == MX_KIND_UNKNOWN || m->mx_cut || m->host_count == 0;
        if (mail && !open) {
            put_walk(out, &senders[i], m, sts);
        } else if (!mail && m->kind != MX_KIND_UNKNOWN) { /* RFC 7505, RFC 5321 section 5.1 */
            put_nowhere(out, &senders[i], m->kind == MX_KIND_NULL_MX);
        } else {
            put_pair(out, senders[i].id, "unknown", "unknown");
        }
    }
    buf_put_char(out, '}');
}
