#include "scanner/vantage/vantage_verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/base/text.h"

#define TIME_WAIT_S 60 /* for which Linux keeps the port of a closed connection: TCP_TIMEWAIT_LEN */

/* --- routes and source addresses -------------------------------------------------------------- */

static void judge_route(struct vantage_verdict *v, const struct vantage_route *r,
                        enum vantage_check check, const char *family, const char *other)
{
    struct buf *b = vantage_text(v);
    enum vantage_result result = VANTAGE_OK;
    if (!r->asked) {
        buf_put_text(b, "disabled by an option");
        result = VANTAGE_UNKNOWN;
    } else if (r->error == 0 && r->source.family == 0) {
        buf_put_text(b, "there is one");
    } else if (r->error == 0) {
        buf_put_text(b, "from ");
        vantage_put_address(b, &r->source);
    } else {
        buf_putf(b,
                 "no %s route (%s): %s addresses end as not tested (family_disabled), and what "
                 "depends on them "
                 "is unknown; --%s-only says that this is meant",
                 family, strerror(r->error), family, other);
        result = VANTAGE_WARNING;
    }
    vantage_add(v, check, result, "");
}

/* With special-purpose addresses allowed, targets may be in networks that no route to the Internet tells of. */
static void judge_routes(struct vantage_verdict *v, const struct vantage_facts *f,
                         const struct vantage_terms *t)
{
    v->ipv4 = f->ipv4.asked && (f->ipv4.error == 0 || t->allow_special_addresses);
    v->ipv6 = f->ipv6.asked && (f->ipv6.error == 0 || t->allow_special_addresses);
    if (v->ipv4 || v->ipv6) {
        judge_route(v, &f->ipv4, VANTAGE_IPV4_ROUTE, "IPv4", "ipv6");
        judge_route(v, &f->ipv6, VANTAGE_IPV6_ROUTE, "IPv6", "ipv4");
        return;
    }
    const char *families = !f->ipv6.asked ? "IPv4" : !f->ipv4.asked ? "IPv6" : "IPv4 or IPv6";
    struct buf *b = vantage_text(v);
    buf_putf(
        b,
        "no %s route to the Internet: no mail server can be reached from here, and nothing was "
        "scanned; see 'ip route'",
        families);
    vantage_add(v, f->ipv4.asked ? VANTAGE_IPV4_ROUTE : VANTAGE_IPV6_ROUTE, VANTAGE_FAILED, "");
    vantage_stop(v, VANTAGE_SAYS_NOTHING);
}

static void judge_locals(struct vantage_verdict *v, const struct vantage_facts *f)
{
    for (size_t i = 0; i < f->local_count; i++) {
        const struct vantage_local *l = &f->local[i];
        char subject[NET_ADDR_TEXT_MAX];
        struct buf *b = vantage_text(v);
        (void)net_addr_format(&l->address, subject);
        if (l->error == 0) {
            buf_put_text(b, "can be used");
        } else {
            buf_putf(
                b,
                "--local-addr %s cannot be used: %s; give addresses of this machine ('ip address' "
                "lists them)",
                subject, strerror(l->error));
        }
        vantage_add(v, VANTAGE_LOCAL_ADDR, l->error == 0 ? VANTAGE_OK : VANTAGE_FAILED, subject);
        if (l->error != 0) {
            vantage_stop(v, VANTAGE_USAGE);
        }
    }
}

/* --- SMTP ------------------------------------------------------------------------------------- */

static void put_dial(struct buf *b, const struct vantage_dial *d, uint16_t port)
{
    vantage_put_endpoint(b, &d->address, port);
    if (d->code != 0) {
        buf_putf(b, " greets with %u", d->code);
    } else if (d->error != 0) {
        buf_putf(b, ": %s", strerror(d->error));
    } else {
        buf_put_text(b, ": connected, but no SMTP greeting");
    }
}

static void put_dials(struct buf *b, const struct vantage_host *h)
{
    for (size_t i = 0; i < h->dial_count; i++) {
        buf_put_text(b, i > 0 ? ", " : "");
        put_dial(b, &h->dial[i], h->port);
    }
    if (h->dial_count == 0 && h->found.count > 0) {
        buf_put_text(b, "no address of a family that is used");
    } else if (h->dial_count == 0) {
        buf_putf(b, "no address (A: %s, AAAA: %s)", dns_state_word(h->found.a.state),
                 dns_state_word(h->found.aaaa.state));
    }
}

/* The best greeting: 2xx before 4xx and 5xx; 0: none. */
static uint16_t best_greeting(const struct vantage_host *h)
{
    uint16_t best = 0;
    for (size_t i = 0; i < h->dial_count; i++) {
        uint16_t code = h->dial[i].code;
        best = code != 0 && (best == 0 || code < best) ? code : best;
    }
    return best;
}

/* NULL: it was not dialled over it. */
static const struct vantage_dial *first_dial(const struct vantage_host *h, uint8_t family)
{
    for (size_t i = 0; i < h->dial_count; i++) {
        if (h->dial[i].address.family == family) {
            return &h->dial[i];
        }
    }
    return NULL;
}

static bool greets_over(const struct vantage_host *h, uint8_t family)
{
    for (size_t i = 0; i < h->dial_count; i++) {
        if (h->dial[i].address.family == family && h->dial[i].code != 0) {
            return true;
        }
    }
    return false;
}

static bool fails_over(const struct vantage_host *h, uint8_t family)
{
    return first_dial(h, family) != NULL && !greets_over(h, family);
}

/* It is up, as it greets over the other family, and does not over this one. */
static bool fails_alone_over(const struct vantage_host *h, uint8_t family)
{
    return fails_over(h, family) && greets_over(h, family == 6 ? 4 : 6);
}

/* Any address of the one with any of the other. */
static bool shares_network(const struct vantage_host *a, const struct vantage_host *b,
                           uint8_t family)
{
    for (size_t i = 0; i < a->dial_count; i++) {
        struct net_addr one = net_addr_network(&a->dial[i].address);
        for (size_t k = 0; k < b->dial_count && one.family == family; k++) {
            struct net_addr other = net_addr_network(&b->dial[k].address);
            if (net_addr_eq(&one, &other)) {
                return true;
            }
        }
    }
    return false;
}

/* Port 25 is closed for us over it, whatever the kernel says of routes: of targets such sessions would say nothing. One
 * host, or several of one network, may have a fault of its own. */
static bool family_is_silent(const struct vantage_facts *f, uint8_t family)
{
    const struct vantage_host *first = NULL;
    bool several = false;
    for (size_t i = 0; i < f->host_count; i++) {
        const struct vantage_host *h = &f->host[i];
        if (greets_over(h, family)) {
            return false;
        }
        if (fails_alone_over(h, family)) {
            several = several || (first != NULL && !shares_network(first, h, family));
            first = first != NULL ? first : h;
        }
    }
    return several;
}

static void leave_families_out(struct vantage_verdict *v, const struct vantage_facts *f)
{
    v->ipv4 = v->ipv4 && !family_is_silent(f, 4);
    v->ipv6 = v->ipv6 && !family_is_silent(f, 6);
}

/* @return 0: none */
static uint8_t failing_family(const struct vantage_facts *f, const struct vantage_host *h)
{
    return f->ipv6.error == 0 && fails_over(h, 6)   ? 6
           : f->ipv4.error == 0 && fails_over(h, 4) ? 4
                                                    : 0;
}

static void put_use_of_family(struct buf *b, const struct vantage_verdict *v,
                              const struct vantage_facts *f, uint8_t family)
{
    bool greets = false;
    for (size_t i = 0; i < f->host_count; i++) {
        greets = greets || greets_over(&f->host[i], family);
    }
    if (!(family == 6 ? v->ipv6 : v->ipv4)) {
        buf_putf(b,
                 "; no host greets over IPv%u that does over IPv%u: IPv%u addresses end as not "
                 "tested (family_disabled)",
                 family, family == 6 ? 4 : 6, family);
    } else if (!greets) {
        buf_putf(b,
                 "; that may be its fault or ours, and IPv%u addresses are dialled all the same: "
                 "--self-test with a host of another network tells",
                 family);
    }
}

static void note_greetings(struct vantage_verdict *v, const struct vantage_host *h)
{
    for (size_t i = 0; i < h->dial_count; i++) {
        if (h->dial[i].code != 0) {
            v->greeted[v->greeted_count++] =
                (struct vantage_greeted){h->name, h->dial[i].address, h->port};
        }
    }
}

static void judge_host(struct vantage_verdict *v, const struct vantage_facts *f,
                       const struct vantage_host *h)
{
    struct buf *b = vantage_text(v);
    uint16_t code = best_greeting(h);
    uint8_t family = failing_family(f, h);
    enum vantage_result result = VANTAGE_OK;
    if (code == 0) {
        buf_putf(b, "--self-test %s: no SMTP on port %u (", h->name, h->port);
        put_dials(b, h);
        buf_put_text(b, ")");
        result = VANTAGE_WARNING;
    } else if (code >= 400) {
        buf_putf(b, "--self-test %s turns us away (", h->name);
        put_dials(b, h);
        buf_put_text(b, "): is the address of this machine on a blocklist?");
        result = VANTAGE_WARNING;
    } else if (family != 0) {
        buf_putf(b, "--self-test %s: no SMTP over IPv%u (", h->name, family);
        put_dials(b, h);
        buf_put_text(b, ")");
        put_use_of_family(b, v, f, family);
        result = VANTAGE_WARNING;
    } else {
        put_dials(b, h);
    }
    v->smtp_works = v->smtp_works || code != 0;
    note_greetings(v, h);
    vantage_add(v, VANTAGE_SMTP, result, h->name);
}

static void judge_hosts(struct vantage_verdict *v, const struct vantage_facts *f)
{
    leave_families_out(v, f);
    for (size_t i = 0; i < f->host_count; i++) {
        judge_host(v, f, &f->host[i]);
    }
    if (f->host_count == 0 || v->smtp_works) {
        return;
    }
    const char *last = v->line[v->count - 1].text;
    struct buf *b = vantage_text(v);
    buf_putf(
        b,
        "%s: results would say nothing about the targets, and nothing was scanned; have the port "
        "opened, or name another host that you know to be up",
        last);
    vantage_fail_last(v);
    vantage_stop(v, VANTAGE_SAYS_NOTHING);
}

/* --- the machine ------------------------------------------------------------------------------ */

static void judge_clock(struct vantage_verdict *v, const struct vantage_facts *f)
{
    struct buf *b = vantage_text(v);
    bool plausible = f->now_s >= f->built_s;
    if (plausible) {
        buf_put_text(b, "after the day on which this program was built");
    } else {
        buf_put_text(b, "the clock says ");
        text_put_time_s(b, f->now_s);
        buf_put_text(b, ", before this program was built (");
        text_put_time_s(b, f->built_s);
        buf_put_text(b, "): certificates are judged at a wrong time; set the clock, or give --at");
    }
    vantage_add(v, VANTAGE_CLOCK, plausible ? VANTAGE_OK : VANTAGE_WARNING, "");
}

static void judge_descriptors(struct vantage_verdict *v, const struct vantage_terms *t)
{
    struct buf *b = vantage_text(v);
    bool lowered = t->concurrency < t->concurrency_asked;
    if (t->descriptor_limit == UINT64_MAX) {
        buf_put_text(b, "no limit of open files");
    } else {
        buf_putf(b, "only %" PRIu64 " files can be open", t->descriptor_limit);
    }
    if (lowered) {
        buf_putf(b, ": --concurrency %u is lowered to %u; raise 'ulimit -Hn' for more",
                 t->concurrency_asked, t->concurrency);
    } else if (t->descriptor_limit != UINT64_MAX) {
        b = vantage_text(v);
        buf_putf(b, "%" PRIu64 " files can be open", t->descriptor_limit);
    }
    vantage_add(v, VANTAGE_DESCRIPTORS, lowered ? VANTAGE_WARNING : VANTAGE_OK, "");
}

/* Linux uses a port again towards another destination, so it is one address that ports run out towards. */
static void judge_port_range(struct vantage_verdict *v, const struct vantage_facts *f,
                             const struct vantage_terms *t)
{
    struct buf *b = vantage_text(v);
    if (f->port_first == 0) {
        buf_put_text(b, "not known");
        vantage_add(v, VANTAGE_PORT_RANGE, VANTAGE_UNKNOWN, "");
        return;
    }
    uint32_t ports = (uint32_t)f->port_last - f->port_first + 1;
    double needed = (double)t->address_limit + ceil(t->address_rate * TIME_WAIT_S);
    bool enough = needed <= ports;
    buf_putf(b, "%u ports for connections to one address (net.ipv4.ip_local_port_range %u %u)",
             ports, f->port_first, f->port_last);
    if (!enough) {
        buf_putf(
            b,
            ", but --address-rate and --address-limit may need %.0f, as each stays taken for %d s; "
            "widen the range",
            needed, TIME_WAIT_S);
    }
    vantage_add(v, VANTAGE_PORT_RANGE, enough ? VANTAGE_OK : VANTAGE_WARNING, "");
}

void vantage_judge(struct vantage_verdict *v, const struct vantage_facts *facts,
                   const struct vantage_terms *terms)
{
    *v = (struct vantage_verdict){.end = VANTAGE_GO, .text = BUF_INIT(BUF_NO_LIMIT)};
    v->arena = ARENA_INIT(&v->pool);
    judge_locals(v, facts);
    vantage_judge_resolvers(v, facts, terms);
    judge_routes(v, facts, terms);
    judge_hosts(v, facts);
    vantage_judge_name(v, facts, terms);
    judge_clock(v, facts);
    judge_descriptors(v, terms);
    judge_port_range(v, facts, terms);
}

void vantage_verdict_deinit(struct vantage_verdict *v)
{
    free(v->line);
    v->line = NULL;
    v->count = 0;
    arena_reset(&v->arena);
    arena_pool_deinit(&v->pool);
    buf_deinit(&v->text);
}
