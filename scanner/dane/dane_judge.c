/**
 * A presented list against the TLSA records in force: RFC 7671 sections 5, 8 and 9.
 */
#include "scanner/base/check.h"
#include "scanner/cert/cert_list.h"
#include "scanner/dane/dane_private.h"

const struct vocabulary dane_ta_fault_vocabulary = VOCABULARY_OF(
    DANE_TA_FAULTS, "dane_ta_fault", "ta_fault", "Why no usable record of usage 2 matches.");

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

static void tlsa_sort_out(const struct seen_endpoint *e, struct dane_verdict *v)
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
        if (e->tlsas[i].data.len == 0 || v->record[i].fault == TLSA_FAULT_FULL_MALFORMED) {
            v->flags |= DANE_FLAG_MALFORMED;
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
static void tlsa_compare(const struct seen_tlsa *r, struct span list, struct tlsa_result *out)
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
    enum dane_leaf leaf;
    int64_t at;
    int set_aside_match; /* a record that is outranked, and would match; -1: none */
    bool has_ta;
    bool by_list; /* what a record is about was presented, and matches; names apart */
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

/* The record is the anchor itself, 2 0 0, or its key, 2 1 0: a client may do without a certificate that is
 * not presented (RFC 7671 sections 5.2.2, 5.2.3). */
static enum dane_ta_fault judge_not_presented(struct judging *j, const struct seen_tlsa *r)
{
    if (r->matching != TLSA_MATCHING_FULL || j->paths >= PATHS_MAX) {
        return DANE_TA_NOT_PRESENTED;
    }
    if (r->selector == TLSA_SELECTOR_SPKI) {
        j->paths++;
        return dane_key_path(j->list, r->data, j->at);
    }
    enum dane_ta_fault fault = path_to(j, r->data);
    return fault == DANE_TA_NO_PATH ? DANE_TA_NOT_PRESENTED : fault; /* another one's */
}

/* The mildest fault of the presented certificates that the record names: cross-signs share a key. */
static enum dane_ta_fault dane_judge_presented(struct judging *j, const struct seen_tlsa *r,
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
    enum dane_ta_fault fault =
        result->matches ? dane_judge_presented(j, r, result) : DANE_TA_NOT_PRESENTED;
    if (fault == DANE_TA_NOT_PRESENTED || fault == DANE_TA_NO_PATH) {
        enum dane_ta_fault by_record = judge_not_presented(j, r);
        result->anchor_in_dns = by_record == DANE_TA_NONE;
        fault = by_record == DANE_TA_NOT_PRESENTED ? fault : by_record;
    }
    return fault == DANE_TA_NONE && j->leaf != DANE_LEAF_OF_HOST ? DANE_TA_NAME : fault;
}

static void take_match(struct judging *j, size_t i)
{
    const struct seen_tlsa *r = &j->e->tlsas[i];
    bool is_31 = r->usage == TLSA_USAGE_EE && r->selector == TLSA_SELECTOR_SPKI;
    if (!j->v->record[i].in_force) {
        j->set_aside_match = (int)i;
        return;
    }
    j->by_list = j->by_list || !j->v->record[i].anchor_in_dns;
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
    v->flags |= fault == DANE_TA_NO_PATH ? DANE_FLAG_TA_NO_PATH : 0;
    if (fault == DANE_TA_NAME) {
        v->flags |= DANE_FLAG_TA_NO_NAME;
        j->by_list = j->by_list || !result->anchor_in_dns;
    }
    /* The one that came furthest tells what to mend. */
    v->ta_fault = !j->has_ta || fault > v->ta_fault ? fault : v->ta_fault;
    j->has_ta = true;
}

/* The recipient domain is a reference identifier as well (RFC 7672 section 3.2.2), and not known here. */
static enum dane_status dane_status_of(const struct judging *j)
{
    if (j->v->matching_record >= 0) {
        return DANE_MATCH;
    }
    if (j->v->record_count >= TLSA_MAX) {
        return DANE_UNKNOWN; /* further records may not be kept, and match */
    }
    bool by_name = (j->v->flags & DANE_FLAG_TA_NO_NAME) != 0 && j->leaf == DANE_LEAF_OTHER_NAME;
    return by_name ? DANE_OTHER_NAME : DANE_MISMATCH;
}

static struct span leaf_of(struct span list)
{
    struct span leaf = {0};
    (void)cert_list_next(&list, &leaf);
    return leaf;
}

static void judge_records(struct judging *j)
{
    struct dane_verdict *v = j->v;
    for (size_t i = 0; i < v->record_count; i++) {
        const struct seen_tlsa *r = &j->e->tlsas[i];
        if (!tlsa_is_usable(v->record[i].fault)) {
            continue;
        }
        tlsa_compare(r, j->list, &v->record[i]);
        if (r->usage == TLSA_USAGE_TA) {
            v->flags |= matches(r, r->selector, leaf_of(j->list)) ? DANE_FLAG_TA_IS_LEAF : 0;
            judge_ta(j, i);
        } else if (v->record[i].matches) {
            take_match(j, i);
        }
    }
    if (v->matching_record >= 0) {
        v->ta_fault = DANE_TA_NONE;
        v->flags &= (uint16_t)~DANE_FLAG_TA_NO_NAME;
    }
    v->agility_conflict = v->matching_record < 0 && j->set_aside_match >= 0;
    v->flags |= v->agility_conflict ? DANE_FLAG_SET_ASIDE_MATCHES : 0;
    v->status = dane_status_of(j);
    v->flags |= (v->flags & (DANE_FLAG_TA | DANE_FLAG_TA_NO_NAME)) != 0 && !j->by_list
                    ? DANE_FLAG_ANCHOR_IN_DNS
                    : 0;
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
    bool own = !endpoint_is_inherited(e);
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

static void clear(struct dane_verdict *v, enum dane_status status)
{
    v->status = status;
    v->flags = 0;
    v->record_count = 0;
    v->matching_record = -1;
    v->ta_fault = DANE_TA_NONE;
    v->agility_conflict = false;
    v->stale = 0;
    v->other_key = DANE_UNKNOWN;
}

/* Only a handshake that completes proves that the key is theirs. */
static bool has_list(const struct seen_session *s)
{
    return s != NULL && s->outcome == OUTCOME_ESTABLISHED && s->tls.cert_count > 0;
}

static void judge_list(const struct seen_endpoint *e, const struct seen_session *s,
                       enum dane_leaf leaf, int64_t at, struct dane_verdict *v)
{
    struct judging j = {
        .e = e, .list = s->tls.list, .leaf = leaf, .at = at, .set_aside_match = -1, .v = v};
    judge_records(&j);
}

/* That handshake asks for the host, so it says something of DANE only where that is the base domain. */
static bool has_other_key(const struct seen_endpoint *e)
{
    return has_list(e->other_key) && span_eq(e->tlsa_base, e->host) &&
           (!has_list(e->result) ||
            memcmp(e->other_key->tls.leaf_sha256, e->result->tls.leaf_sha256,
                   sizeof(e->result->tls.leaf_sha256)) != 0);
}

/* Every certificate that a server presents needs a record: RFC 7671 section 8.1, RFC 7672 section 3.1. */
static void judge_other_key(const struct seen_endpoint *e, enum dane_leaf leaf, int64_t at,
                            struct dane_verdict *out)
{
    struct dane_verdict other;
    clear(&other, DANE_UNKNOWN);
    tlsa_sort_out(e, &other);
    judge_list(e, e->other_key, leaf, at, &other);
    out->other_key = other.status;
    out->flags |= other.status == DANE_MATCH      ? DANE_FLAG_OTHER_KEY_MATCHES
                  : other.status == DANE_MISMATCH ? DANE_FLAG_OTHER_KEY_FAILS
                                                  : 0;
    for (size_t i = 0; i < out->record_count; i++) {
        out->record[i].matches_other_key = other.record[i].matches;
    }
}

static void count_stale(struct dane_verdict *v)
{
    for (size_t i = 0; v->matching_record >= 0 && i < v->record_count; i++) {
        const struct tlsa_result *r = &v->record[i];
        bool was_one = r->fault == TLSA_FAULT_NONE; /* of a key, some time */
        v->stale += r->in_force && was_one && !r->matches && !r->matches_other_key;
    }
}

void dane_judge_endpoint(const struct seen_endpoint *e, const struct dane_leaves *leaves,
                         int64_t at, struct dane_verdict *out)
{
    clear(out, status_by_dns((enum dane_host)e->dane_host));
    if (e->tlsa_count == 0) {
        return;
    }
    tlsa_sort_out(e, out);
    if (e->dane_host != DANE_HOST_USABLE) {
        return;
    }
    const struct seen_session *s = dane_session(e);
    bool own = !endpoint_is_inherited(e) || s == e->dane_sni;
    if (own && has_list(s)) {
        judge_list(e, s, leaves->base, at, out);
    } else {
        out->status = status_without_list(e, s);
    }
    if (has_other_key(e)) {
        judge_other_key(e, leaves->other_key, at, out);
    }
    count_stale(out);
}
