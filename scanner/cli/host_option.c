#include "scanner/cli/host_option.h"

#include "scanner/cli/option_value.h"
#include "scanner/domain/domain_name.h"
#include "scanner/pipeline/staged_answers.h"

#define SMTP_PORT        25
#define SUBMISSION_PORT  587
#define SUBMISSIONS_PORT 465

#define HOST_EXAMPLE \
    "such as mx.example.org, mx.example.org=192.0.2.1 or mx.example.org=[2001:db8::1]:2525"

static bool read_staged_name(struct span text, struct staged_host *h)
{
    struct buf name = BUF_INIT(BUF_NO_LIMIT);
    bool ok = host_name_normalise(text, &name, NULL) && value_is_fqdn(buf_span(&name)) &&
              name.len < sizeof(h->name);
    if (ok) {
        memcpy(h->name, name.at, name.len);
    }
    buf_deinit(&name);
    return ok;
}

/* "NAME=ADDRESS", each with or without a port behind it. */
static bool read_staged_host(struct span text, struct staged_host *h, uint16_t *port)
{
    const uint8_t *equals = text.len > 0 ? memchr(text.at, '=', text.len) : NULL;
    struct span name = text;
    if (equals != NULL) {
        struct net_endpoint endpoint;
        name = span_take(text, (size_t)(equals - text.at));
        if (!value_read_endpoint(span_drop(text, name.len + 1), 0, &endpoint)) {
            return false;
        }
        h->address[h->address_count++] = endpoint.address;
        *port = endpoint.port;
        return read_staged_name(name, h);
    }
    char host[EHLO_DOMAIN_MAX];
    struct net_addr address;
    bool absolute = text.len > 0 && text.at[text.len - 1] == '.'; /* as in a zone */
    text = span_take(text, text.len - absolute);
    return value_read_host(text, 0, host, port) && !net_addr_parse(span_of(host), &address) &&
           read_staged_name(span_of(host), h);
}

/* The host of that name, new if there is none. NULL: there are too many. */
static struct staged_host *staged_host_of(struct staged_mx *mx, const char *name)
{
    for (size_t i = 0; i < mx->count; i++) {
        if (strcmp(mx->host[i].name, name) == 0) {
            return &mx->host[i];
        }
    }
    if (mx->count == STAGED_HOSTS_MAX) {
        return NULL;
    }
    struct staged_host *h = &mx->host[mx->count++];
    *h = (struct staged_host){.address_count = 0};
    (void)snprintf(h->name, sizeof(h->name), "%s", name);
    return h;
}

bool option_read_staged_host(struct options *o, const struct option_row *row, const char *text,
                             struct buf *why)
{
    struct staged_host read = {.address_count = 0};
    uint16_t port = 0;
    (void)row;
    if (!read_staged_host(span_of(text), &read, &port)) {
        buf_putf(why,
                 "'%s' is not the name of a host with or without address and port, " HOST_EXAMPLE,
                 text);
        return false;
    }
    if (port != 0 && o->staged_port != 0 && port != o->staged_port) {
        buf_putf(why, "'%s' has another port than the one before it, %u", text, o->staged_port);
        return false;
    }
    struct staged_host *h = staged_host_of(&o->staged, read.name);
    if (h == NULL || (read.address_count > 0 && h->address_count == STAGED_ADDRESSES_MAX)) {
        buf_putf(why, "has more than %d %s", h == NULL ? STAGED_HOSTS_MAX : STAGED_ADDRESSES_MAX,
                 h == NULL ? "hosts" : "addresses of a host");
        return false;
    }
    if (read.address_count > 0) {
        h->address[h->address_count++] = read.address[0];
    }
    o->staged_port = port != 0 ? port : o->staged_port;
    return true;
}

/* Another port than those of mail is dialled in its place: so the server is tested as one of port 25. */
static bool apply_port(struct options *o, struct buf *why)
{
    struct scan_params *p = &o->params;
    if (o->staged_port == SUBMISSION_PORT || o->staged_port == SUBMISSIONS_PORT) {
        p->ports[0] = o->staged_port;
        p->port_count = 1;
    } else if (o->staged_port != 0 && o->staged_port != SMTP_PORT) {
        if (p->port_map_count == PORT_MAPS_MAX) {
            buf_put_text(why, "--host with a port: there are too many --port-map beside it");
            return false;
        }
        o->port_maps[p->port_map_count++] =
            (struct port_map){.from = SMTP_PORT, .to = o->staged_port};
    }
    return true;
}

bool host_option_apply(struct options *o, struct buf *why)
{
    if (o->staged.count == 0) {
        return true;
    }
    if (o->word_count > 1) {
        buf_putf(why, "--host is the MX of one domain; give '%s' or '%s'", o->words[0],
                 o->words[1]);
        return false;
    }
    o->params.staged_mx = &o->staged;
    if (o->word_count == 0) { /* the host by itself has no policies */
        o->params.fetch_policies = false;
    }
    return apply_port(o, why);
}
