#include "tests/unit/probe/smtp_peer.h"

#include <openssl/err.h>

#define DRIP_MS     5
#define FLOOD_BLOCK (64 * 1024) /* octets made at a time */

static void run(struct smtp_peer *p);

static void close_connection(struct smtp_peer *p, bool reset)
{
    if (p->over) {
        return;
    }
    p->over = true;
    (void)uv_timer_stop(&p->drip);
    (void)uv_check_stop(&p->one_octet);
    (void)uv_idle_stop(&p->flood);
    if (!reset || uv_tcp_close_reset(&p->conn, NULL) != 0) {
        uv_close((uv_handle_t *)&p->conn, NULL);
    }
}

static void put(struct smtp_peer *p, struct span octets)
{
    uv_buf_t b = uv_buf_init((char *)(uintptr_t)octets.at, (unsigned)octets.len);
    int n = uv_try_write((uv_stream_t *)&p->conn, &b, 1);
    CHECK(n < 0 || (size_t)n == octets.len); /* a client that is gone is no fault */
}

/* One octet after each poll: the next poll delivers it alone. */
static void on_after_poll(uv_check_t *check)
{
    struct smtp_peer *p = check->data;
    put(p, (struct span){p->pending.at + p->sent, 1});
    if (++p->sent == p->pending.len) {
        buf_reset(&p->pending);
        p->sent = 0;
        (void)uv_check_stop(check);
        run(p);
    }
}

static void send_octets(struct smtp_peer *p, struct span octets)
{
    if (!p->octetwise) {
        put(p, octets);
    } else if (octets.len > 0) {
        buf_put(&p->pending, octets);
        CHECK(uv_check_start(&p->one_octet, on_after_poll) == 0);
    }
}

static void flush_tls(struct smtp_peer *p)
{
    char *at = NULL;
    long len = BIO_get_mem_data(p->out, &at);
    if (len > 0) {
        send_octets(p, (struct span){(const uint8_t *)at, (size_t)len});
    }
    CHECK(BIO_reset(p->out) == 1);
}

static void say(struct smtp_peer *p, const char *line)
{
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    buf_put_text(&b, line);
    buf_put_text(&b, "\r\n");
    if (p->tls_done) {
        CHECK(SSL_write(p->ssl, b.at, (int)b.len) == (int)b.len);
        flush_tls(p);
    } else {
        send_octets(p, buf_span(&b));
    }
    buf_deinit(&b);
}

static bool hear(struct smtp_peer *p, const char *text)
{
    struct span heard = buf_span(&p->heard);
    const uint8_t *end = heard.len > 0 ? memmem(heard.at, heard.len, "\r\n", 2) : NULL;
    if (end == NULL) {
        return false;
    }
    size_t len = (size_t)(end - heard.at);
    if (len < strlen(text) || memcmp(heard.at, text, strlen(text)) != 0) {
        (void)snprintf(p->wrong, sizeof(p->wrong), "%.*s", (int)len, (const char *)heard.at);
    }
    memmove(p->heard.at, end + 2, heard.len - len - 2);
    p->heard.len -= len + 2;
    return true;
}

static void begin_tls(struct smtp_peer *p, int max_version)
{
    p->ssl = SSL_new(p->ctx);
    p->in = BIO_new(BIO_s_mem());
    p->out = BIO_new(BIO_s_mem());
    CHECK(p->ssl != NULL && p->in != NULL && p->out != NULL);
    BIO_set_mem_eof_return(p->in, -1); /* empty means "later" */
    SSL_set_bio(p->ssl, p->in, p->out);
    SSL_set_accept_state(p->ssl);
    CHECK(SSL_set_max_proto_version(p->ssl, max_version) == 1);
    struct span early = buf_span(&p->heard);
    CHECK(early.len == 0 || BIO_write(p->in, early.at, (int)early.len) == (int)early.len);
    buf_reset(&p->heard);
}

static bool step_tls(struct smtp_peer *p, int max_version)
{
    if (p->ssl == NULL) {
        begin_tls(p, max_version);
    }
    p->tls_done = SSL_do_handshake(p->ssl) == 1;
    ERR_clear_error();
    flush_tls(p);
    if (p->tls_done) {
        const char *name = SSL_get_servername(p->ssl, TLSEXT_NAMETYPE_host_name);
        (void)snprintf(p->sni, sizeof(p->sni), "%s", name ? name : "");
    }
    return p->tls_done;
}

static void decrypt(struct smtp_peer *p)
{
    uint8_t chunk[1024];
    for (int len = 0; p->tls_done && (len = SSL_read(p->ssl, chunk, sizeof(chunk))) > 0;) {
        buf_put(&p->heard, (struct span){chunk, (size_t)len});
    }
    ERR_clear_error();
}

static void on_drip(uv_timer_t *timer)
{
    struct smtp_peer *p = timer->data;
    const char *text = p->steps[p->at].text;
    put(p, (struct span){(const uint8_t *)text + p->drip_at, 1});
    p->drip_at = (p->drip_at + 1) % strlen(text);
}

static bool make_one(SSL *ssl, const struct step *s)
{
    if (s->act == FLOOD_TLS) {
        return SSL_write(ssl, s->text, (int)strlen(s->text)) > 0;
    }
    bool asked = s->act == KEY_UPDATES ? SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1
                 : s->act == TICKETS   ? SSL_new_session_ticket(ssl) == 1
                                       : SSL_renegotiate(ssl) == 1;
    return asked && SSL_do_handshake(ssl) == 1;
}

static void put_in_tls(struct smtp_peer *p, const struct step *s)
{
    char *at = NULL;
    while (BIO_get_mem_data(p->out, &at) < FLOOD_BLOCK && make_one(p->ssl, s)) {
    }
    long len = BIO_get_mem_data(p->out, &at);
    buf_put(&p->pending, (struct span){(const uint8_t *)at, (size_t)len});
    CHECK(BIO_reset(p->out) == 1);
}

static void on_flood(uv_idle_t *idle)
{
    struct smtp_peer *p = idle->data;
    const struct step *s = &p->steps[p->at];
    struct span text = {(const uint8_t *)s->text, s->len > 0 ? s->len
                                                  : s->text  ? strlen(s->text)
                                                             : 0};
    if (p->sent == p->pending.len) {
        buf_reset(&p->pending);
        p->sent = 0;
        while (s->act == FLOOD && p->pending.len < FLOOD_BLOCK) {
            buf_put(&p->pending, text);
        }
        if (s->act != FLOOD) {
            put_in_tls(p, s);
        }
    }
    uv_buf_t b = uv_buf_init((char *)p->pending.at + p->sent, (unsigned)(p->pending.len - p->sent));
    int n = uv_try_write((uv_stream_t *)&p->conn, &b, 1);
    p->sent += n > 0 ? (size_t)n : 0;
}

/* @return false when the step is not over yet. */
static bool do_step(struct smtp_peer *p, const struct step *s)
{
    switch (s->act) {
    case SAY:
        say(p, s->text);
        return true;
    case HEAR:
        decrypt(p);
        return hear(p, s->text);
    case RAW:
        send_octets(p, (struct span){(const uint8_t *)s->text, s->len});
        return true;
    case SWALLOW: {
        bool any = p->heard.len > 0;
        buf_reset(&p->heard);
        return any;
    }
    case TLS:
        return step_tls(p, 0);
    case TLS_1_2:
        return step_tls(p, TLS1_2_VERSION);
    case CLOSE_NOTIFY:
        (void)SSL_shutdown(p->ssl);
        flush_tls(p);
        return true;
    case CLOSE:
    case RESET:
        if (p->pending.len == 0) {
            close_connection(p, s->act == RESET);
        }
        return false;
    case DRIP:
        if (p->pending.len == 0 && !uv_is_active((uv_handle_t *)&p->drip)) {
            CHECK(uv_timer_start(&p->drip, on_drip, 0, DRIP_MS) == 0);
        }
        return false;
    case FLOOD:
    case FLOOD_TLS:
    case KEY_UPDATES:
    case TICKETS:
    case RENEGOTIATE:
        CHECK(!p->octetwise && uv_idle_start(&p->flood, on_flood) == 0); /* or it goes on */
        return false;
    case HOOK:
        p->hook(p->hook_arg, s->text);
        return true;
    case SILENT:
        return false;
    }
    UNREACHABLE("unknown act");
}

static void run(struct smtp_peer *p)
{
    while (!p->over && do_step(p, &p->steps[p->at])) {
        p->at++;
    }
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *room)
{
    static char octets[4096];
    (void)handle;
    (void)suggested;
    *room = uv_buf_init(octets, sizeof(octets));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *room)
{
    struct smtp_peer *p = stream->data;
    if (n < 0) {
        p->eof = n == UV_EOF;
        close_connection(p, false);
    } else if (n > 0) {
        p->received += (size_t)n;
        if (p->ssl != NULL) {
            CHECK(BIO_write(p->in, room->base, (int)n) == (int)n);
        } else {
            buf_put(&p->heard, (struct span){(const uint8_t *)room->base, (size_t)n});
        }
        run(p);
    }
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct smtp_peer *p = listener->data;
    CHECK(status == 0 && !p->accepted);
    CHECK(uv_tcp_init(p->loop, &p->conn) == 0);
    p->conn.data = p;
    p->accepted = true;
    CHECK(uv_accept(listener, (uv_stream_t *)&p->conn) == 0);
    CHECK(uv_tcp_nodelay(&p->conn, 1) == 0);
    CHECK(uv_read_start((uv_stream_t *)&p->conn, on_room, on_read) == 0);
    run(p);
}

uint16_t smtp_peer_start(struct smtp_peer *p, uv_loop_t *loop, const struct step *steps,
                         const struct test_cert *cert, bool octetwise)
{
    *p = (struct smtp_peer){.loop = loop,
                            .steps = steps,
                            .octetwise = octetwise,
                            .heard = BUF_INIT(BUF_NO_LIMIT),
                            .pending = BUF_INIT(BUF_NO_LIMIT)};
    p->ctx = SSL_CTX_new(TLS_server_method());
    CHECK(p->ctx != NULL && SSL_CTX_use_certificate(p->ctx, cert->cert) == 1 &&
          SSL_CTX_use_PrivateKey(p->ctx, cert->key) == 1);
    CHECK(uv_tcp_init(loop, &p->listener) == 0 && uv_timer_init(loop, &p->drip) == 0 &&
          uv_check_init(loop, &p->one_octet) == 0 && uv_idle_init(loop, &p->flood) == 0);
    p->flood.data = p;
    p->listener.data = p;
    p->drip.data = p;
    p->one_octet.data = p;
    struct sockaddr_in name;
    int len = sizeof(name);
    CHECK(uv_ip4_addr("127.0.0.1", 0, &name) == 0);
    CHECK(uv_tcp_bind(&p->listener, (const struct sockaddr *)&name, 0) == 0);
    CHECK(uv_listen((uv_stream_t *)&p->listener, 1, on_connection) == 0);
    CHECK(uv_tcp_getsockname(&p->listener, (struct sockaddr *)&name, &len) == 0);
    return ntohs(name.sin_port);
}

void smtp_peer_stop(struct smtp_peer *p)
{
    uv_close((uv_handle_t *)&p->listener, NULL);
    uv_close((uv_handle_t *)&p->drip, NULL);
    uv_close((uv_handle_t *)&p->one_octet, NULL);
    uv_close((uv_handle_t *)&p->flood, NULL);
}

void smtp_peer_deinit(struct smtp_peer *p)
{
    CHECK(!p->accepted || p->over);
    SSL_free(p->ssl);
    SSL_CTX_free(p->ctx);
    buf_deinit(&p->heard);
    buf_deinit(&p->pending);
}
