#include "tests/lab/resolve.h"

#include <string.h>

#include "scanner/base/hash.h"

void resolve_init(struct resolve_context *c, const struct world *world)
{
    c->world = world;
    zone_answer_init(&c->answer);
}

void resolve_deinit(struct resolve_context *c)
{
    zone_answer_deinit(&c->answer);
}

/* The names that a chain of aliases has been at, by hash: 64 bits are enough for a handful. */
struct visited {
    uint64_t names[DNS_CNAME_MAX + 1];
    size_t count;
};

static bool was_here(struct visited *v, struct span name)
{
    uint64_t h = hash_draw(0, name, (struct span){0});
    for (size_t i = 0; i < v->count; i++) {
        if (v->names[i] == h) {
            return true;
        }
    }
    v->names[v->count++] = h;
    return false;
}

struct resolved resolve(struct resolve_context *c, struct span name, uint16_t type)
{
    struct resolved r = {.state = DNS_NXDOMAIN, .ad = true, .answer = &c->answer};
    struct zone_answer *a = &c->answer;
    struct visited visited = {.count = 0};
    memcpy(r.name, name.at, name.len < LAB_NAME_MAX ? name.len : 0);
    (void)was_here(&visited, name);
    for (;;) {
        zone_lookup(c->world, NULL, name, type, a);
        r.ad = r.ad && a->secure;
        r.state = a->state;
        if (a->tcp == LAB_TCP_HALF || a->tcp == LAB_TCP_STALL) {
            r.state = DNS_TIMEOUT;
            break;
        }
        const struct zone_rr *alias = zone_alias(a, type);
        if (alias == NULL || (a->state != DNS_DATA && a->state != DNS_BOGUS)) {
            break;
        }
        struct span next = zone_rr_span(a, alias);
        if (++r.cnames > DNS_CNAME_MAX || was_here(&visited, next)) {
            r.state = r.cnames > DNS_CNAME_MAX ? DNS_CNAME_LIMIT : DNS_CNAME_LOOP;
            a->count = 0;
            break;
        }
        memcpy(r.name, next.at, next.len);
        r.name[next.len] = '\0';
        name = (struct span){(const uint8_t *)r.name, next.len};
    }
    if (r.cnames > 0 && r.state == DNS_TIMEOUT) {
        r.state = DNS_SERVFAIL; /* the name server gives up on the target in the end */
    }
    if (r.state == DNS_BOGUS && a->count == 0) {
        r.state = DNS_SERVFAIL; /* bogus means: there is data when asked with CD=1 */
    }
    if (r.state != DNS_DATA && r.state != DNS_BOGUS) {
        a->count = 0;
    }
    r.signatures = a->signatures && a->count > 0;
    r.ad = r.ad && (r.state == DNS_DATA || r.state == DNS_NODATA || r.state == DNS_NXDOMAIN);
    return r;
}
