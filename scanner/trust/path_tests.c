#include "scanner/trust/path_tests.h"

#define FAULT_COUNT (PATH_FAULT_BAD_EXTENSION + 1)

/* RFC 5280 section 6.1.4 (l) and (m): self-issued intermediates do not count. */
static bool exceeds_path_length(const struct found_path *p, size_t step)
{
    long below = 0;
    for (size_t i = 1; i < step; i++) {
        below += !known_cert_is_self_issued(p->cert[i]);
    }
    return step > 1 && p->cert[step]->pathlen >= 0 && below > p->cert[step]->pathlen;
}

/* RFC 5280 section 6.1.3 (b) and (c). An anchor that has constraints means them. */
static bool breaks_name_constraints(const struct found_path *p, size_t step,
                                    struct link_memory *links)
{
    if (step > 0 && known_cert_is_self_issued(p->cert[step])) {
        return false;
    }
    for (size_t i = step + 1; i < p->count; i++) {
        if (p->cert[i]->constraints != NULL &&
            !link_names_permitted(links, p->cert[step], p->cert[i], step == 0)) {
            return true;
        }
    }
    return false;
}

static unsigned faults_of_step(const struct found_path *p, size_t step, struct link_memory *links)
{
    const struct known_cert *c = p->cert[step];
    bool is_end = step + 1 == p->count && p->self_signed_end;
    unsigned faults = c->faults_anywhere;
    faults |= step == 0 ? c->faults_as_leaf : is_end ? c->faults_as_last : c->faults_as_issuer;
    faults |= p->count > 1 && c->explicit_curve ? FAULT_BIT(WEAK_KEY) : 0;
    faults |= !is_end && c->weak_signature ? FAULT_BIT(WEAK_SIGNATURE) : 0;
    faults |= exceeds_path_length(p, step) ? FAULT_BIT(PATH_LENGTH) : 0;
    faults |= breaks_name_constraints(p, step, links) ? FAULT_BIT(NAME_CONSTRAINTS) : 0;
    return faults;
}

void path_test(struct found_path *p, struct link_memory *links)
{
    p->fault_count = 0;
    p->heavy_count = 0;
    for (size_t step = 0; step < p->count; step++) {
        unsigned faults = faults_of_step(p, step, links);
        for (unsigned f = 0; f < FAULT_COUNT; f++) {
            if ((faults >> f & 1U) == 0 || p->fault_count == CHAIN_FAULTS_MAX) {
                continue;
            }
            p->fault[p->fault_count++] =
                (struct found_fault){.fault = (enum path_fault)f, .step = (uint8_t)step};
            p->heavy_count += f != PATH_FAULT_EXPIRED && f != PATH_FAULT_NOT_YET_VALID;
        }
    }
}

/* The smaller, the better. */
static int rank_of(const struct found_path *p)
{
    if (p->anchored) {
        return p->fault_count == 0 ? 0 : p->heavy_count == 0 ? 1 : 2;
    }
    return p->self_signed_end ? 3 : 4;
}

static int path_compare_numbers(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int path_compare_digests(const struct found_path *a, const struct found_path *b)
{
    int c = 0;
    for (size_t i = 0; c == 0 && i < a->count && i < b->count; i++) {
        c = memcmp(a->cert[i]->info.fingerprint_sha256, b->cert[i]->info.fingerprint_sha256, 32);
    }
    return c;
}

bool path_is_better(const struct found_path *a, const struct found_path *b)
{
    int c = rank_of(a) - rank_of(b);
    c = c != 0 ? c : path_compare_numbers(a->heavy_count, b->heavy_count);
    c = c != 0 ? c : path_compare_numbers(a->fault_count, b->fault_count);
    c = c != 0 ? c : path_compare_numbers(a->pool_count, b->pool_count);
    c = c != 0 ? c : path_compare_numbers(a->count, b->count);
    return (c != 0 ? c : path_compare_digests(a, b)) < 0;
}

static bool has_fault(const struct found_path *p, enum path_fault fault)
{
    for (size_t i = 0; i < p->fault_count; i++) {
        if (p->fault[i].fault == fault) {
            return true;
        }
    }
    return false;
}

enum chain_status path_status(const struct found_path *p)
{
    if (p->anchored) {
        return p->fault_count == 0                      ? CHAIN_TRUSTED
               : has_fault(p, PATH_FAULT_EXPIRED)       ? CHAIN_EXPIRED
               : has_fault(p, PATH_FAULT_NOT_YET_VALID) ? CHAIN_NOT_YET_VALID
                                                        : CHAIN_INVALID;
    }
    if (!p->self_signed_end) {
        return CHAIN_ISSUER_UNKNOWN;
    }
    return p->count == 1 ? CHAIN_SELF_SIGNED : CHAIN_UNTRUSTED_ROOT;
}
