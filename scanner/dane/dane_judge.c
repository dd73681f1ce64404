/**
 * A presented list against the TLSA records in force: RFC 7671 sections 5, 8 and 9.
 */
#include "scanner/base/check.h"
#include "scanner/cert/cert_list.h"
#include "scanner/dane/dane_private.h"

const char *dane_ta_fault_word(enum dane_ta_fault f)
{
    switch (f) {
#define X(name, word)    \
    case DANE_TA_##name: \
        return word;
        DANE_TA_FAULTS(X)
#undef X
    }
    UNREACHABLE("unknown dane_ta_fault");
}

/* --- which records count ------------------------------------------------------------------- */

/* RFC 7671 section 9: of one usage and selector, Full and the strongest digest; SHA-512 is stronger. */
static bool is_outranked(const struct seen_endpoint *e, const struct dane_verdict *v, size_t i)
{
    const struct seen_tlsa *r = &e->tlsas[i];
    if (r->matching != TLSA_MATCHING_256) {
        return false;
    }
    for (size_t k = 0; k < v->record_count; k++) {
        const struct seen_tlsa *other = &e->tlsas[k];
        if (tlsa_is_usable(v->record[k].fault) && other->matching == TLSA_MATCHING_512 &&
            other->usage == r->usage && other->selector == r->selector) {
            return true;
        }
    }
    return false;
}

static void sort_out(const struct seen_endpoint *e, struct dane_verdict *v)
{
    v->record_count = e->tlsa_count < TLSA_MAX ? e->tlsa_count : TLSA_MAX;
    for (size_t i = 0; i < v->record_count; i++) {
        v->record[i] = (struct tlsa_result){.fault = tlsa_fault_of(&e->tlsas[i]), .position = -1};
    }
    for (size_t i = 0; i < v->record_count; i++) {
        v->record[i].in_force = tlsa_is_usable(v->record[i].fault) && !is_outranked(e, v, i);
        if (tlsa_is_usable(v->record[i].fault) && e->tlsas[i].usage == TLSA_USAGE_EE &&
            e->tlsas[i].selector == TLSA_SELECTOR_SPKI) {
            v->flags |= DANE_FLAG_HAS_31;
        }
    }
}

/* --- comparing ----------------------------------------------------------------------------- */

static bool matches(const struct seen_tlsa *r, uint8_t selector, struct span der)
{
    struct tlsa_subject s;
    tlsa_subject_make(&s, selector, r->matching, der);
    return s.data.len > 0 && span_eq(s.data, r->data);
}

/* DANE-TA is about what issued the leaf, DANE-EE about the leaf itself (RFC 7671 sections 5.1, 5.2). */
static bool is_right_place(const struct seen_tlsa *r, int position)
{
    return (r->usage == TLSA_USAGE_TA) == (position > 0);
}

/* Where in the list the data of the record is found: its own place first, then hints. */
static void compare(const struct seen_tlsa *r, struct span list, struct tlsa_result *out)
{
    struct span der;
    for (int i = 0; cert_list_next(&list, &der); i++) {
        if (matches(r, r->selector, der)) {
            if (is_right_place(r, i)) {
                out->matches = true;
                out->position = i;
                out->other_selector = false;
                out->other_usage = false;
                return;
            }
            out->other_usage = true;
        } else if (matches(r, r->selector ^ 1U, der)) {
            out->other_selector = true;
        }
    }
}

/* --- DANE-TA ------------------------------------------------------------------------------- */

#define PATHS_MAX 16 /* searches for a path per list; our own bound, against hostile records */

struct judging {
    const struct seen_endpoint *e;
    struct span list;
    bool name_matches;
    int64_t at;
    int set_aside_match; /* a record that is outranked, and would match; -1: none */
    bool has_ta;
    unsigned paths;
    /* By position, 1 + enum dane_ta_fault; 0: not looked for yet. Many records can name one anchor. */
    uint8_t fault_by_position[TLS_CERTS_MAX];
    struct dane_verdict *v;
};

static enum dane_ta_fault path_to(struct judging *j, struct span anchor)
{
    return j->paths++ < PATHS_MAX ? dane_anchor_path(j->list, anchor, j->at) : DANE_TA_NO_PATH;
}

static enum dane_ta_fault path_to_presented(struct judging *j, size_t position, struct span anchor)
{
    if (position >= TLS_CERTS_MAX) {
        return DANE_TA_NO_PATH;
    }
    uint8_t *known = &j->fault_by_position[position];
    if (*known == 0) {
        *known = (uint8_t)(1 + path_to(j, anchor));
    }
    return (enum dane_ta_fault)(*known - 1);
}

/* 2 0 0: the record is the anchor itself and need not be presented (RFC 7671 section 5.2.2). Of 2 1 0
 * only the key is known, without the rules for it that its certificate holds: it is looked for in the
 * list like a digest. */
static bool is_anchor_itself(const struct seen_tlsa *r)
{
    return r->selector == TLSA_SELECTOR_CERT && r->matching == TLSA_MATCHING_FULL;
}

/* The mildest fault of the presented certificates that the record names: cross-signs share a key. */
static enum dane_ta_fault judge_presented(struct judging *j, const struct seen_tlsa *r,
                                          struct tlsa_result *result)
{
    struct span list = j->list;
    struct span der;
    enum dane_ta_fault best = DANE_TA_NOT_PRESENTED;
    for (int i = 0; best != DANE_TA_NONE && cert_list_next(&list, &der); i++) {
        if (i < result->position || !matches(r, r->selector, der)) {
            continue;
        }
        enum dane_ta_fault fault = path_to_presented(j, (size_t)i, der);
        if (fault == DANE_TA_NONE || fault > best) {
            best = fault;
            result->position = i;
        }
    }
    return best;
}

/* What keeps a DANE-TA record from authenticating. */
static enum dane_ta_fault judge_anchor(struct judging *j, const struct seen_tlsa *r,
                                       struct tlsa_result *result)
{
    enum dane_ta_fault fault = DANE_TA_NOT_PRESENTED;
    if (result->matches) {
        fault = judge_presented(j, r, result);
    } else if (is_anchor_itself(r)) {
        fault = path_to(j, r->data);
        fault = fault == DANE_TA_NO_PATH ? DANE_TA_NOT_PRESENTED : fault; /* another one's */
    }
    return fault == DANE_TA_NONE && !j->name_matches ? DANE_TA_NAME : fault;
}

static void take_match(struct judging *j, size_t i)
{
    const struct seen_tlsa *r = &j->e->tlsas[i];
    bool is_31 = r->usage == TLSA_USAGE_EE && r->selector == TLSA_SELECTOR_SPKI;
    if (!j->v->record[i].in_force) {
        j->set_aside_match = (int)i;
        return;
    }
    j->v->flags |= r->usage == TLSA_USAGE_EE ? DANE_FLAG_EE : DANE_FLAG_TA;
    j->v->flags |= is_31 ? DANE_FLAG_31 : 0;
    if (j->v->matching_record < 0) {
        j->v->matching_record = (int)i;
    }
}

static void judge_ta(struct judging *j, size_t i)
{
    struct dane_verdict *v = j->v;
    struct tlsa_result *result = &v->record[i];
    enum dane_ta_fault fault = judge_anchor(j, &j->e->tlsas[i], result);
    result->matches = fault == DANE_TA_NONE;
    if (fault == DANE_TA_NONE) {
        take_match(j, i);
        return;
    }
    if (!result->in_force) {
        return;
    }
    if (fault == DANE_TA_NAME) {
        v->flags |= DANE_FLAG_TA_NO_NAME;
    }
    /* The one that came furthest tells what to mend. */
    v->ta_fault = !j->has_ta || fault > v->ta_fault ? fault : v->ta_fault;
    j->has_ta = true;
}

static void judge_records(struct judging *j)
{
    struct dane_verdict *v = j->v;
    for (size_t i = 0; i < v->record_count; i++) {
        const struct seen_tlsa *r = &j->e->tlsas[i];
        if (!tlsa_is_usable(v->record[i].fault)) {
            continue;
        }
        compare(r, j->list, &v->record[i]);
        if (r->usage == TLSA_USAGE_TA) {
            judge_ta(j, i);
        } else if (v->record[i].matches) {
            take_match(j, i);
        }
    }
    if (v->matching_record >= 0) {
        v->ta_fault = DANE_TA_NONE;
        v->flags &= (uint8_t)~DANE_FLAG_TA_NO_NAME;
        for (size_t i = 0; i < v->record_count; i++) {
            bool was_one = v->record[i].fault == TLSA_FAULT_NONE; /* of a key, some time */
            v->stale += v->record[i].in_force && was_one && !v->record[i].matches;
        }
    }
    v->agility_conflict = v->matching_record < 0 && j->set_aside_match >= 0;
    v->status = v->matching_record >= 0 ? DANE_MATCH : DANE_MISMATCH;
}

/* --- the session --------------------------------------------------------------------------- */

const struct seen_session *dane_session(const struct seen_endpoint *e)
{
    if (e->dane_sni != NULL) {
        return e->dane_sni;
    }
    return e->tlsa_base.len > 0 && !span_eq(e->tlsa_base, e->host) &&
                   (e->result == NULL || e->result->tls_attempted)
               ? NULL
               : e->result;
}

/* Without a list: does the server refuse TLS, or is it only not known? What another session said before
 * TLS does not depend on the name; whatever it met inside TLS does. */
static enum dane_status status_without_list(const struct seen_endpoint *e,
                                            const struct seen_session *s)
{
    if (s == NULL || s->outcome == OUTCOME_NOT_TESTED) {
        return DANE_UNKNOWN;
    }
    const struct outcome_info *info = outcome_info(s->outcome);
    bool own = e->session_from.len == 0;
    return info->conclusive && (own || info->before_tls) && s->outcome != OUTCOME_ESTABLISHED
               ? DANE_NO_TLS
               : DANE_UNKNOWN;
}

static enum dane_status status_by_dns(enum dane_host host)
{
    switch (host) {
    case DANE_HOST_NONE:
    case DANE_HOST_TLSA_INSECURE:
    case DANE_HOST_HOST_INSECURE:
        return DANE_NONE;
    case DANE_HOST_LOOKUP_FAILED:
        return DANE_FAILED;
    case DANE_HOST_UNUSABLE:
        return DANE_UNUSABLE;
    case DANE_HOST_UNKNOWN:
    case DANE_HOST_USABLE:
    case DANE_HOST_COUNT:
        break;
    }
    return DANE_UNKNOWN;
}

void dane_judge_endpoint(const struct seen_endpoint *e, bool name_matches, int64_t at,
                         struct dane_verdict *out)
{
    out->status = status_by_dns((enum dane_host)e->dane_host);
    out->flags = 0;
    out->record_count = 0;
    out->matching_record = -1;
    out->ta_fault = DANE_TA_NONE;
    out->agility_conflict = false;
    out->stale = 0;
    if (e->tlsa_count == 0) {
        return;
    }
    sort_out(e, out);
    if (e->dane_host != DANE_HOST_USABLE) {
        return;
    }
    const struct seen_session *s = dane_session(e);
    /* Only a handshake that completes proves that the key is theirs. */
    bool own = e->session_from.len == 0 || s == e->dane_sni;
    if (s == NULL || !own || s->outcome != OUTCOME_ESTABLISHED || s->tls.cert_count == 0) {
        out->status = status_without_list(e, s);
        return;
    }
    struct judging j = {.e = e,
                        .list = s->tls.list,
                        .name_matches = name_matches,
                        .at = at,
                        .set_aside_match = -1,
                        .v = out};
    judge_records(&j);
}
