#include "scanner/analysis/name_match.h"

#include "scanner/cert/cert_names.h"

/* The reference itself, as many parents as `covers_parents` has bits, and one more above them, on
 * which a wildcard may stand. */
#define LEVELS_MAX (COVERS_PARENTS_MAX + 2)

/* A name and the names above it, each without one more label in front. */
struct levels {
    struct span name[LEVELS_MAX];
    size_t count;
};

static struct span without_first_label(struct span name)
{
    size_t at = 0;
    while (at < name.len && name.at[at] != '.') {
        at++;
    }
    return at < name.len ? span_drop(name, at + 1) : (struct span){0};
}

static struct levels levels_of(struct span name)
{
    struct levels l = {.count = 0};
    while (name.len > 0 && l.count < LEVELS_MAX) {
        l.name[l.count++] = name;
        name = without_first_label(name);
    }
    return l;
}

unsigned name_labels_above(struct span upper, struct span name)
{
    if (!span_ends_with(name, upper) || name.len <= upper.len ||
        name.at[name.len - upper.len - 1] != '.') {
        return 0;
    }
    unsigned labels = 0;
    for (size_t i = 0; i + upper.len < name.len; i++) {
        labels += name.at[i] == '.';
    }
    return labels;
}

static bool is_wildcard(struct span pattern)
{
    return pattern.len > 2 && pattern.at[0] == '*' && pattern.at[1] == '.';
}

/* Which level does a presented name identify? Levels differ in length: at most one. */
static size_t level_identified(const struct levels *l, struct span pattern)
{
    bool wildcard = is_wildcard(pattern);
    struct span fixed = wildcard ? span_drop(pattern, 2) : pattern;
    for (size_t i = wildcard ? 1 : 0; i < l->count && l->name[i].len >= fixed.len; i++) {
        if (span_ieq(l->name[i], fixed)) {
            return wildcard ? i - 1 : i;
        }
    }
    return LEVELS_MAX;
}

bool name_match_pattern(struct span pattern, struct span reference)
{
    struct levels l = levels_of(reference);
    return level_identified(&l, pattern) == 0;
}

bool name_match_covers(struct span names, struct span reference)
{
    struct levels l = levels_of(reference);
    enum cert_names_kind kind;
    struct span name;
    while (cert_names_next(&names, &kind, &name)) {
        if (kind == CERT_NAMES_DNS && level_identified(&l, name) == 0) {
            return true;
        }
    }
    return false;
}

bool name_match_is_broad(struct span pattern)
{
    return is_wildcard(pattern) && without_first_label(span_drop(pattern, 2)).len == 0;
}

/* A host name without a domain: what a machine calls itself. */
static bool is_single_label(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = ascii_lower(name.at[i]);
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-') {
            return false;
        }
    }
    return name.len > 0;
}

/* RFC 6761 section 6.3, RFC 6762 section 3; .localdomain is what installers append. */
static bool is_local_name(struct span name)
{
    static const struct span tails[] = {SPAN_INIT(".localhost"), SPAN_INIT(".localdomain"),
                                        SPAN_INIT(".local")};
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        struct span tail = tails[i];
        if (name.len > tail.len && span_ieq(span_drop(name, name.len - tail.len), tail)) {
            return true;
        }
    }
    return is_single_label(name);
}

/* What the names of one kind, dNSName or common name, show. Empty spans: no such name. */
struct reading {
    struct span first;
    struct span exact;
    struct span wildcard;
    struct span parent; /* covers a name above the reference */
    struct span provider;
    uint8_t covers_parents;
    bool any; /* other than the empty name */
    bool all_local;
};

static void keep_first(struct span *kept, struct span name)
{
    if (kept->len == 0) {
        *kept = name;
    }
}

static struct reading match_read_names(struct span names, enum cert_names_kind wanted,
                                       struct span reference, struct span server_name)
{
    struct reading r = {.all_local = true};
    struct levels host = levels_of(reference);
    struct levels server = levels_of(server_name);
    enum cert_names_kind kind;
    struct span name;
    while (cert_names_next(&names, &kind, &name)) {
        if (kind != wanted) {
            continue;
        }
        size_t level = level_identified(&host, name);
        if (level == 0) {
            keep_first(is_wildcard(name) ? &r.wildcard : &r.exact, name);
        } else if (level <= COVERS_PARENTS_MAX) {
            keep_first(&r.parent, name);
            r.covers_parents = (uint8_t)(r.covers_parents | 1U << (level - 1));
        }
        if (level_identified(&server, name) == 0) {
            keep_first(&r.provider, name);
        }
        keep_first(&r.first, name);
        r.any = r.any || name.len > 0;
        r.all_local = r.all_local && is_local_name(name);
    }
    return r;
}

static bool has_dns_name(struct span names)
{
    enum cert_names_kind kind;
    struct span name;
    return cert_names_next(&names, &kind, &name) && kind == CERT_NAMES_DNS; /* they come first */
}

static struct name_verdict mismatch_of(const struct reading *r)
{
    if (r->parent.len > 0) {
        return (struct name_verdict){.match = NAME_MATCH_PARENT, .matched = r->parent};
    }
    if (r->provider.len > 0) {
        return (struct name_verdict){.match = NAME_MATCH_PROVIDER, .matched = r->provider};
    }
    if (r->any && r->all_local) {
        return (struct name_verdict){.match = NAME_MATCH_LOCALHOST, .matched = r->first};
    }
    return (struct name_verdict){.match = NAME_MATCH_OTHER, .matched = r->first};
}

/* The names that count for DANE-TA, RFC 7672 section 3.2.3. */
static struct reading read_or_cn(struct span names, struct span reference)
{
    return match_read_names(names, has_dns_name(names) ? CERT_NAMES_DNS : CERT_NAMES_CN, reference,
                            (struct span){0});
}

bool name_match_covers_or_cn(struct span names, struct span reference)
{
    struct reading r = read_or_cn(names, reference);
    return r.exact.len > 0 || r.wildcard.len > 0;
}

uint8_t name_match_parents_or_cn(struct span names, struct span reference)
{
    return read_or_cn(names, reference).covers_parents;
}

struct name_verdict name_match_host(struct span names, struct span reference,
                                    struct span server_name)
{
    bool has_dns = has_dns_name(names);
    struct reading r =
        match_read_names(names, has_dns ? CERT_NAMES_DNS : CERT_NAMES_CN, reference, server_name);
    struct span fits = r.exact.len > 0 ? r.exact : r.wildcard;
    struct name_verdict v;
    if (!has_dns && fits.len > 0) {
        v = (struct name_verdict){.match = NAME_MATCH_CN_ONLY, .matched = fits};
    } else if (fits.len > 0) {
        enum name_match match = r.exact.len > 0 ? NAME_MATCH_EXACT : NAME_MATCH_WILDCARD;
        v = (struct name_verdict){.match = match, .matched = fits};
    } else if (!has_dns && !r.any) {
        v = (struct name_verdict){.match = NAME_MATCH_NO_NAMES};
    } else {
        v = mismatch_of(&r);
    }
    v.covers_parents = has_dns ? r.covers_parents : 0;
    return v;
}
