#include "tests/unit/resolver/peer.h"

#include <stdlib.h>

#include "scanner/base/memory.h"

#define BUFFER (8 * 1024 * 1024)

/* A question as received. */
struct asked {
    uint16_t id;
    bool cd;
    bool edns;
    uint16_t type;
    char name[DNS_NAME_TEXT_LIMIT + 1];
    bool tcp;
};

struct connection {
    uv_tcp_t tcp;
    struct connection *next;
    struct peer *peer;
    uint8_t in[4096];
    size_t in_len;
    bool stuck; /* answers in turn, and this one never comes */
};

static bool begins(const struct asked *q, const char *label)
{
    size_t len = strlen(label);
    return strncmp(q->name, label, len) == 0 && q->name[len] == '.';
}

static bool read_asked(struct span octets, bool tcp, struct asked *q)
{
    struct dns_name name;
    size_t at = DNS_HEADER_LEN;
    if (octets.len < DNS_HEADER_LEN || !dns_name_read(octets, &at, &name) || octets.len < at + 4) {
        return false;
    }
    q->id = (uint16_t)(octets.at[0] << 8 | octets.at[1]);
    q->cd = (octets.at[3] & 0x10U) != 0;
    q->edns = octets.at[11] != 0;
    q->type = (uint16_t)(octets.at[at] << 8 | octets.at[at + 1]);
    q->tcp = tcp;
    q->name[dns_name_to_text(&name, (uint8_t *)q->name)] = '\0';
    return true;
}

static void begin_answer(struct wire *w, const struct asked *q, unsigned rcode)
{
    wire_header(w, q->id, WIRE_ANSWER | rcode);
    wire_question(w, q->name, q->type);
}

static void put_many_mx(struct wire *w, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        wire_mx(w, NULL, 300, i, "mx.test");
    }
}

static void put_long_text(struct wire *w)
{
    static uint8_t data[65000];
    memset(data, 'x', sizeof(data));
    for (size_t at = 0; at < sizeof(data); at += 250) {
        data[at] = 249;
    }
    wire_rr(w, ANSWER, NULL, DNS_TYPE_TXT, 60, (struct span){data, sizeof(data)});
}

/* Names that are answered in full over TCP only. */
static bool write_long_answer(struct wire *w, const struct asked *q)
{
    bool mx = begins(q, "tc");
    bool text = begins(q, "tctxt");
    bool too_large = begins(q, "large"); /* over UDP more octets than were offered to be taken */
    if (!mx && !text && !too_large) {
        return false;
    }
    begin_answer(w, q, DNS_RCODE_NOERROR);
    if (too_large) {
        put_many_mx(w, 400);
    } else if (!q->tcp) {
        w->at[2] |= WIRE_TRUNCATED >> 8;
    } else if (mx) {
        put_many_mx(w, 400);
    } else {
        put_long_text(w);
    }
    return true;
}

struct rcode_of_label {
    const char *label;
    unsigned rcode;
};

static const struct rcode_of_label rcodes[] = {
    {"nx", DNS_RCODE_NXDOMAIN},
    {"servfail", DNS_RCODE_SERVFAIL},
    {"refused", DNS_RCODE_REFUSED},
    {"notimp", 4},
};

/* As Unbound 1.17 refuses. */
static void write_bare_error(struct wire *w, const struct asked *q, unsigned rcode)
{
    wire_header(w, q->id, WIRE_ANSWER | rcode);
    w->at[5] = 0;
}

static void write_answer(struct wire *w, const struct asked *q)
{
    if (write_long_answer(w, q)) {
        return;
    }
    if (begins(q, "barerefused") || (begins(q, "bareformerr") && q->edns)) {
        write_bare_error(w, q, begins(q, "barerefused") ? DNS_RCODE_REFUSED : DNS_RCODE_FORMERR);
        return;
    }
    for (size_t i = 0; i < sizeof(rcodes) / sizeof(rcodes[0]); i++) {
        if (begins(q, rcodes[i].label)) {
            begin_answer(w, q, rcodes[i].rcode);
            wire_opt(w, 0, SPAN_LIT(""));
            return;
        }
    }
    bool bogus = begins(q, "bogus");
    bool bogus_denial = begins(q, "bogusnx");
    bool formerr = begins(q, "formerr") && q->edns;
    if ((bogus || bogus_denial) && !q->cd) {
        begin_answer(w, q, DNS_RCODE_SERVFAIL);
        wire_opt(w, 0x8000, SPAN_LIT("\0\17\0\2\0\6")); /* EDE 6: DNSSEC Bogus */
        return;
    }
    begin_answer(w, q, formerr ? DNS_RCODE_FORMERR : DNS_RCODE_NOERROR);
    if (formerr || begins(q, "nodata") || bogus_denial) {
        return; /* FORMERR without OPT: RFC 6891 section 7 */
    }
    if (begins(q, "referral")) {
        wire_name_rr(w, AUTHORITY, "test", DNS_TYPE_NS, 99, SPAN_LIT(""), "ns.test");
    } else if (begins(q, "malformed")) {
        wire_rr(w, ANSWER, NULL, q->type, 60, SPAN_LIT("\1\2\3"));
    } else {
        wire_a(w, NULL, 60, 1);
    }
}

static void send_udp(struct peer *p, const struct sockaddr *to, const struct wire *w)
{
    uv_buf_t b = uv_buf_init((char *)w->at, (unsigned)w->len);
    (void)uv_udp_try_send(&p->udp, &b, 1, to);
}

/* Datagrams that are not the answer, each wrong in one thing. */
static void send_noise(struct peer *p, const struct sockaddr *to, const struct asked *q)
{
    static struct wire w;
    struct asked other = *q;
    w.len = 0;
    wire_put(&w, SPAN_LIT("x"));
    send_udp(p, to, &w);
    w.len = 0;
    wire_put(&w, SPAN_LIT("\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377"));
    send_udp(p, to, &w);
    other.id = (uint16_t)(q->id ^ 1U);
    begin_answer(&w, &other, DNS_RCODE_NXDOMAIN);
    send_udp(p, to, &w);
    begin_answer(&w, q, DNS_RCODE_NXDOMAIN);
    w.at[2] &= 0x7FU; /* QR */
    send_udp(p, to, &w);
    begin_answer(&w, q, DNS_RCODE_NXDOMAIN);
    w.at[2] |= 0x10U; /* opcode */
    send_udp(p, to, &w);
    begin_answer(&w, q, DNS_RCODE_NXDOMAIN);
    w.at[5] = 0; /* no question */
    send_udp(p, to, &w);
    begin_answer(&w, q, DNS_RCODE_NXDOMAIN);
    w.at[w.len - 1] = 3; /* another class */
    send_udp(p, to, &w);
    begin_answer(&w, q, DNS_RCODE_NXDOMAIN);
    w.len--;
    send_udp(p, to, &w);
    (void)strcpy(other.name, "other.test");
    other.id = q->id;
    begin_answer(&w, &other, DNS_RCODE_NXDOMAIN);
    send_udp(p, to, &w);
}

static void note(struct peer *p, const struct asked *q)
{
    p->udp_questions += !q->tcp;
    p->tcp_questions += q->tcp;
    p->cd_questions += q->cd;
    p->plain_questions += !q->edns;
}

static bool answers(struct peer *p, const struct asked *q)
{
    note(p, q);
    if (p->silent || begins(q, "silent")) {
        return false;
    }
    if (p->servfails || p->refuses) {
        begin_answer(&p->answer, q, p->refuses ? DNS_RCODE_REFUSED : DNS_RCODE_SERVFAIL);
        return true;
    }
    if (begins(q, "once") && !p->dropped_once) {
        p->dropped_once = true;
        return false;
    }
    write_answer(&p->answer, q);
    return true;
}

static void on_datagram(uv_udp_t *udp, ssize_t n, const uv_buf_t *b, const struct sockaddr *from,
                        unsigned flags)
{
    (void)flags;
    struct peer *p = udp->data;
    struct asked q;
    if (n <= 0 || from == NULL ||
        !read_asked((struct span){(const uint8_t *)b->base, (size_t)n}, false, &q) ||
        !answers(p, &q)) {
        return;
    }
    uint16_t port = 0;
    struct net_addr address;
    CHECK(net_addr_from_sockaddr(from, &address, &port));
    p->ports += p->port_seen[port] == 0;
    p->port_seen[port] = 1;
    if (begins(&q, "held")) {
        p->held = p->answer;
        memcpy(&p->held_from, from, sizeof(struct sockaddr_in)); /* held over IPv4 only */
        return;
    }
    if (begins(&q, "release")) {
        send_udp(p, (const struct sockaddr *)&p->held_from, &p->held);
    }
    if (begins(&q, "noise")) {
        send_noise(p, from, &q);
    }
    send_udp(p, from, &p->answer);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *b)
{
    (void)handle;
    (void)suggested;
    static char in[65536];
    *b = uv_buf_init(in, sizeof(in));
}

static void on_connection_closed(uv_handle_t *handle)
{
    struct connection *c = handle->data;
    struct connection **link = &c->peer->list;
    while (*link != c) {
        link = &(*link)->next;
    }
    *link = c->next;
    free(c);
}

static void close_connection(struct connection *c)
{
    if (!uv_is_closing((uv_handle_t *)&c->tcp)) {
        uv_close((uv_handle_t *)&c->tcp, on_connection_closed);
    }
}

static void on_written(uv_write_t *req, int status)
{
    (void)status;
    free(req->data);
    free(req);
}

static void send_tcp(struct connection *c, const struct wire *w)
{
    uv_write_t *req = memory_new(1, sizeof(*req));
    uint8_t *copy = memory_new(1, w->len + 2);
    copy[0] = (uint8_t)(w->len >> 8);
    copy[1] = (uint8_t)w->len;
    memcpy(copy + 2, w->at, w->len);
    req->data = copy;
    uv_buf_t b = uv_buf_init((char *)copy, (unsigned)w->len + 2);
    CHECK(uv_write(req, (uv_stream_t *)&c->tcp, &b, 1, on_written) == 0);
}

static void on_frame(struct connection *c, struct span octets)
{
    struct asked q;
    if (!read_asked(octets, true, &q) || !answers(c->peer, &q)) {
        return;
    }
    if (strncmp(q.name + 2, ".close", 6) == 0) { /* the connection ends before the answer */
        close_connection(c);
        return;
    }
    if (strncmp(q.name + 2, ".stuck", 6) == 0) {
        c->stuck = true;
        return;
    }
    send_tcp(c, &c->peer->answer);
}

static void on_stream(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
    struct connection *c = stream->data;
    if (n < 0) {
        close_connection(c);
        return;
    }
    CHECK((size_t)n <= sizeof(c->in) - c->in_len);
    memcpy(c->in + c->in_len, b->base, (size_t)n);
    c->in_len += (size_t)n;
    while (c->in_len >= 2 && !uv_is_closing((uv_handle_t *)stream)) {
        size_t len = (size_t)(c->in[0] << 8 | c->in[1]);
        if (c->in_len - 2 < len) {
            return;
        }
        if (!c->stuck) {
            on_frame(c, (struct span){c->in + 2, len});
        }
        c->in_len -= 2 + len;
        memmove(c->in, c->in + 2 + len, c->in_len);
    }
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct peer *p = listener->data;
    CHECK(status == 0);
    struct connection *c = memory_new(1, sizeof(*c));
    c->peer = p;
    CHECK(uv_tcp_init(listener->loop, &c->tcp) == 0);
    c->tcp.data = c;
    p->connections++;
    c->next = p->list;
    p->list = c;
    CHECK(uv_accept(listener, (uv_stream_t *)&c->tcp) == 0);
    CHECK(uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_stream) == 0);
    uv_unref((uv_handle_t *)&c->tcp);
}

static uint16_t port_of(const struct peer *p)
{
    struct sockaddr_storage bound;
    struct net_addr address;
    uint16_t port;
    int len = sizeof(bound);
    CHECK(uv_tcp_getsockname(&p->tcp, (struct sockaddr *)&bound, &len) == 0);
    CHECK(net_addr_from_sockaddr((struct sockaddr *)&bound, &address, &port));
    return port;
}

static bool bind_tcp(struct peer *p)
{
    struct sockaddr_storage here;
    (void)net_addr_to_sockaddr(&p->address, 0, &here);
    if (uv_tcp_bind(&p->tcp, (struct sockaddr *)&here, 0) != 0 ||
        uv_listen((uv_stream_t *)&p->tcp, 64, on_connection) != 0) {
        return false;
    }
    p->port = port_of(p);
    return true;
}

/* Somebody else may have the port of the listener for UDP: then it is no use. */
static bool bind_both(struct peer *p, uv_loop_t *loop)
{
    struct sockaddr_storage here;
    for (int tries = 0; tries < 20; tries++) {
        CHECK(uv_tcp_init(loop, &p->tcp) == 0);
        p->tcp.data = p;
        if (!bind_tcp(p)) {
            return false;
        }
        (void)net_addr_to_sockaddr(&p->address, p->port, &here);
        if (uv_udp_bind(&p->udp, (struct sockaddr *)&here, 0) == 0) {
            return true;
        }
        uv_close((uv_handle_t *)&p->tcp, NULL);
        (void)uv_run(loop, UV_RUN_NOWAIT);
    }
    UNREACHABLE("no port is free for UDP and TCP");
}

/* Its handles do not keep the loop alive: the loop ends when the resolver has nothing to do. */
bool peer_start(struct peer *p, uv_loop_t *loop, const char *address)
{
    int size = BUFFER;
    memset(p, 0, sizeof(*p));
    CHECK(net_addr_parse(span_of(address), &p->address));
    CHECK(uv_udp_init(loop, &p->udp) == 0);
    p->udp.data = p;
    if (!bind_both(p, loop)) {
        return false;
    }
    (void)uv_recv_buffer_size((uv_handle_t *)&p->udp, &size);
    CHECK(uv_udp_recv_start(&p->udp, on_alloc, on_datagram) == 0);
    uv_unref((uv_handle_t *)&p->tcp);
    uv_unref((uv_handle_t *)&p->udp);
    return true;
}

void peer_stop(struct peer *p)
{
    uv_close((uv_handle_t *)&p->tcp, NULL);
    uv_close((uv_handle_t *)&p->udp, NULL);
    for (struct connection *c = p->list; c != NULL; c = c->next) {
        close_connection(c);
    }
}
