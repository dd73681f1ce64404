#include <string.h>
#include <strings.h>

#include "scanner/vantage/vantage_verdict.h"

/*
 * Servers compare the name in EHLO with the address that it comes from, and many turn away clients whose names
 * and addresses do not lead to each other. An address behind NAT is not the one that servers see: then the addresses
 * of the name are all that can be looked at.
 */

static const struct vantage_reverse *reverse_of(const struct vantage_facts *f,
                                                const struct net_addr *address)
{
    for (size_t i = 0; i < f->reverse_count; i++) {
        if (net_addr_eq(&f->reverse[i].address, address)) {
            return &f->reverse[i];
        }
    }
    return NULL;
}

static bool name_has_address(const struct vantage_addresses *found, const struct net_addr *address)
{
    for (size_t i = 0; i < found->count; i++) {
        if (net_addr_eq(&found->address[i], address)) {
            return true;
        }
    }
    return false;
}

static bool leads_to(const struct vantage_reverse *r, const char *name)
{
    for (size_t i = 0; i < r->count; i++) {
        if (strcasecmp(r->name[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void put_addresses_of(struct buf *b, const struct vantage_addresses *found)
{
    for (size_t i = 0; i < found->count; i++) {
        buf_put_text(b, i > 0 ? ", " : "");
        vantage_put_address(b, &found->address[i]);
    }
}

/* @return false, with what is wrong in `b`, where an address does not lead to the name */
static bool reverse_fits(const struct vantage_facts *f, const struct net_addr *address,
                         struct buf *b)
{
    const struct vantage_reverse *r = reverse_of(f, address);
    if (r == NULL || leads_to(r, f->ehlo_domain)) {
        return true;
    }
    vantage_put_address(b, address);
    if (r->count > 0) {
        buf_putf(b, " leads back to %s", r->name[0]);
    } else {
        buf_putf(b,
                 dns_state_is_temporary(r->ptr.state)
                     ? ": its reverse DNS was not found out (PTR: %s)"
                     : " has no reverse DNS name (PTR: %s)",
                 dns_state_word(r->ptr.state));
    }
    return false;
}

static bool source_fits(const struct vantage_facts *f, const struct net_addr *source, struct buf *b)
{
    if (source->family == 0 || net_addr_special_purpose(source) != NULL) {
        return true;
    }
    if (!name_has_address(&f->ehlo, source)) {
        buf_put_text(b, "it has the address ");
        put_addresses_of(b, &f->ehlo);
        buf_put_text(b, ", and this machine sends from ");
        vantage_put_address(b, source);
        return false;
    }
    return reverse_fits(f, source, b);
}

struct source_list {
    const struct net_addr *address[VANTAGE_SOURCES_MAX + 2];
    size_t count;
    bool public; /* one that servers see as it is */
};

static void add_source(struct source_list *list, const struct net_addr *address)
{
    list->address[list->count++] = address;
    list->public =
        list->public || (address->family != 0 && net_addr_special_purpose(address) == NULL);
}

/* Those of --local-addr; of a family that none was given of, that of its route. */
static void list_sources(const struct vantage_facts *f, struct source_list *list)
{
    bool given4 = false;
    bool given6 = false;
    for (size_t i = 0; i < f->local_count; i++) {
        add_source(list, &f->local[i].address);
        given4 = given4 || f->local[i].address.family == 4;
        given6 = given6 || f->local[i].address.family == 6;
    }
    if (!given4) {
        add_source(list, &f->ipv4.source);
    }
    if (!given6) {
        add_source(list, &f->ipv6.source);
    }
}

static bool name_fits(const struct vantage_facts *f, const struct source_list *sources,
                      struct buf *b)
{
    for (size_t i = 0; i < sources->count; i++) {
        if (!source_fits(f, sources->address[i], b)) {
            return false;
        }
    }
    for (size_t i = 0; !sources->public && i < f->ehlo.count; i++) {
        if (!reverse_fits(f, &f->ehlo.address[i], b)) {
            return false;
        }
    }
    return true;
}

static void put_advice(struct buf *b, bool strict)
{
    buf_put_text(b, strict ? "; nothing was scanned (--strict-vantage)"
                           : "; some servers turn such clients away");
    buf_put_text(b, ": set A, AAAA and PTR records that lead from the name to the address and "
                    "back, or give another --ehlo-domain");
}

void vantage_judge_name(struct vantage_verdict *v, const struct vantage_facts *f,
                        const struct vantage_terms *t)
{
    struct source_list sources = {0};
    struct buf *b = vantage_text(v);
    enum vantage_result result = VANTAGE_OK;
    list_sources(f, &sources);
    if (vantage_is_literal(f->ehlo_domain)) { /* who checks has said so */
        buf_putf(b, "EHLO with the address literal %s%s", f->ehlo_domain,
                 t->strict ? ", but --strict-vantage demands a name: give one with --ehlo-domain"
                           : "");
        vantage_add(v, VANTAGE_EHLO_NAME, t->strict ? VANTAGE_FAILED : VANTAGE_OK, f->ehlo_domain);
        if (t->strict) {
            vantage_stop(v, VANTAGE_CANNOT_SCAN);
        }
        return;
    }
    buf_putf(b, "EHLO name %s: ", f->ehlo_domain);
    size_t head = b->len;
    if (f->ehlo.count == 0) {
        buf_putf(b, "no address was found for it (A: %s, AAAA: %s)",
                 dns_state_word(f->ehlo.a.state), dns_state_word(f->ehlo.aaaa.state));
        result = VANTAGE_WARNING;
    } else if (!name_fits(f, &sources, b)) {
        result = VANTAGE_WARNING;
    }
    if (result == VANTAGE_OK) {
        b->len = head;
        put_addresses_of(b, &f->ehlo);
        buf_put_text(b, sources.public
                            ? " and back"
                            : " and back; the source address is not one that servers see");
    } else {
        put_advice(b, t->strict);
        result = t->strict ? VANTAGE_FAILED : VANTAGE_WARNING;
    }
    vantage_add(v, VANTAGE_EHLO_NAME, result, f->ehlo_domain);
    if (result == VANTAGE_FAILED) {
        vantage_stop(v, VANTAGE_CANNOT_SCAN);
    }
}
